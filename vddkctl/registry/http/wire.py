"""Connections to one registry and to where it sends us: one request, one answer, nothing repeated."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from vddkctl import __version__
from vddkctl.errors import RegistryError, VddkctlError
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.answer import Answer
from vddkctl.registry.http.proxy import proxy_for
from vddkctl.registry.http.trust import context_for

if TYPE_CHECKING:
    import ssl

    import urllib3

_CONNECT = 20.0
_SILENCE = 60.0
"""Seconds without a byte after which an answer is given up; ``VDDKCTL_REGISTRY_TIMEOUT`` replaces both."""

_BLOCK = 256 * 1024
_CONNECTIONS = 32
"""That are kept for later, for each server. More may be open at a time, and none of them waits for another."""

TIMEOUT = "VDDKCTL_REGISTRY_TIMEOUT"


class Wire:
    """Connections that are kept, with the certificates and proxies of one registry. Any thread may use it.

    ``timeouts`` are seconds to connect in and of silence, instead of those of the environment.
    """

    def __init__(self, access: Access, timeouts: tuple[float, float] | None = None) -> None:
        self.access = access
        self._pools: dict[tuple[str | None, bool, bool], urllib3.PoolManager] = {}
        self._lock = threading.Lock()
        self._connect, self._silence = timeouts or _timeouts(access.environment)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes | memoryview] | None,
        *,
        stranger: bool = False,
    ) -> Answer:
        """Send a request and wait for the answer's head. A ``stranger`` is shown no certificate.

        Raises :class:`~vddkctl.registry.http.fault.Fault` when there is no answer.
        """
        import urllib3

        proxy = proxy_for(url, self.access.environment)
        pool = self._pool(proxy, tls=url.startswith("https:"), showing=not stranger)
        try:
            response = pool.urlopen(
                method,
                url,
                body=body,
                headers={"User-Agent": f"vddkctl/{__version__}", "Accept-Encoding": "identity", **headers},
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=self._connect, read=self._silence),
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            from vddkctl.registry.http.network_fault import fault_of

            raise fault_of(error, url, proxy) from None
        return Answer(response, url, headers.get("Authorization"))

    def _pool(self, proxy: str | None, *, tls: bool, showing: bool) -> urllib3.PoolManager:
        with self._lock:
            key = (proxy, tls, showing)
            if key not in self._pools:
                context = context_for(self.access, showing=showing) if tls else None
                self._pools[key] = self._new_pool(proxy, context)
            return self._pools[key]

    def _new_pool(self, proxy: str | None, context: ssl.SSLContext | None) -> urllib3.PoolManager:
        import urllib3

        from vddkctl.registry.http.early import POOLS

        if not self.access.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if proxy is None:
            pool = urllib3.PoolManager(maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)
        else:
            pool = _through(proxy, context, self.access.host)
        pool.pool_classes_by_scheme = POOLS
        return pool


def _through(proxy: str, context: ssl.SSLContext | None, host: str) -> urllib3.PoolManager:
    """Connections by way of a proxy. Raises RegistryError when it is no address."""
    import urllib3

    try:
        parts = urllib3.util.parse_url(proxy)
        login = urllib3.make_headers(proxy_basic_auth=unquote(parts.auth)) if parts.auth else {}
        return urllib3.ProxyManager(
            parts._replace(auth=None).url,
            maxsize=_CONNECTIONS,
            blocksize=_BLOCK,
            ssl_context=context,
            proxy_headers=login,
        )
    except (urllib3.exceptions.HTTPError, ValueError):
        raise RegistryError(
            "the proxy for it is no address that can be used",
            where=host,
            hint="look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; exceptions go into NO_PROXY",
        ) from None


def _timeouts(environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds to connect in, and of silence."""
    text = environment.get(TIMEOUT)
    if not text:
        return _CONNECT, _SILENCE
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise VddkctlError("it is not a number of seconds", where=f"{TIMEOUT}={text}", hint="as in 60")
    return seconds, seconds
