"""Connections to one registry and to where it sends us: one request, one answer, nothing repeated."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vddkctl import __version__
from vddkctl.errors import RegistryError, VddkctlError
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.fault import Fault, fault_of
from vddkctl.registry.http.proxy import proxy_for

if TYPE_CHECKING:
    import urllib3
    from urllib3.response import BaseHTTPResponse

_CONNECT = 20.0
_SILENCE = 60.0
"""Seconds without a byte after which an answer is given up; ``VDDKCTL_REGISTRY_TIMEOUT`` replaces both."""

_BLOCK = 256 * 1024
_SMALL = 4 * 1024 * 1024 + 1
_CONNECTIONS = 8

TIMEOUT = "VDDKCTL_REGISTRY_TIMEOUT"


class Answer:
    """A status, headers, and a body that is still to be read. Close it, or read it to the end."""

    def __init__(self, response: BaseHTTPResponse, url: str) -> None:
        self.status = response.status
        self.url = url
        self.login: str | None = None  # the Authorization header that got this answer
        self._response = response

    def header(self, name: str) -> str | None:
        """A header; several of one name are joined by commas."""
        return self._response.headers.get(name)

    def headers(self, name: str) -> list[str]:
        """Each header of this name."""
        return list(self._response.headers.getlist(name))

    def read(self, count: int) -> bytes:
        """Some bytes of the body, empty at its end. Raises :class:`Fault` when it breaks off."""
        import urllib3

        try:
            return self._response.read(count)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise fault_of(error) from None

    def whole(self, most: int = _SMALL) -> bytes:
        """The body, at most ``most`` bytes of it; then it is closed. Raises :class:`Fault`."""
        parts: list[bytes] = []
        left = most
        try:
            while left > 0 and (part := self.read(min(left, _BLOCK))):
                parts.append(part)
                left -= len(part)
        finally:
            self.close()
        return b"".join(parts)

    def close(self) -> None:
        """Give the connection back, or close it where a body is left unread."""
        self._response.drain_conn() if self._short() else self._response.close()
        self._response.release_conn()

    def _short(self) -> bool:
        length = self._response.headers.get("Content-Length", "")
        return length.isdigit() and int(length) < _BLOCK


class Wire:
    """Connections that are kept, with the certificates and proxies of one registry."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._lock = threading.Lock()
        self._seconds = _timeouts(access.environment)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes | memoryview] | None,
    ) -> Answer:
        """Send a request and wait for the answer's head. Raises :class:`Fault` when there is none."""
        import urllib3

        pool = self._pool(proxy_for(url, self.access.environment))
        connect, silence = self._seconds
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
                timeout=urllib3.Timeout(connect=connect, read=silence),
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise fault_of(error) from None
        return Answer(response, url)

    def _pool(self, proxy: str | None) -> urllib3.PoolManager:
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._new_pool(proxy)
            return self._pools[proxy]

    def _new_pool(self, proxy: str | None) -> urllib3.PoolManager:
        import urllib3

        context = self._context() if self.access.scheme == "https" else None
        if not self.access.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if proxy is None:
            return urllib3.PoolManager(maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)
        try:
            parts = urllib3.util.parse_url(proxy)
            login = urllib3.make_headers(proxy_basic_auth=parts.auth) if parts.auth else {}
            address = parts._replace(auth=None).url
            return urllib3.ProxyManager(
                address, maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context, proxy_headers=login
            )
        except (urllib3.exceptions.HTTPError, ValueError):
            raise RegistryError(
                "the proxy for it is not a URL that can be used",
                where=self.access.host,
                hint="look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; exceptions go into NO_PROXY",
            ) from None

    def _context(self) -> ssl.SSLContext:
        access = self.access
        context = ssl.create_default_context()
        if not access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.ca_file is not None:
            with _blamed("caFile", access.ca_file, access.host):
                context.load_verify_locations(access.ca_file)
        if access.certificate_file is not None:
            with _blamed("clientCertificateFile", access.certificate_file, access.host):
                context.load_cert_chain(access.certificate_file, access.key_file, password=_no_password)
        return context


def _no_password() -> str:
    raise ValueError("it has a passphrase")


class _blamed:  # noqa: N801 - a context manager
    """Names the key of the spec and the file behind it."""

    def __init__(self, key: str, file: object, host: str) -> None:
        self._key, self._file, self._host = key, file, host

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            reason = "there is no such file"
        elif isinstance(error, ssl.SSLError):
            reason = "it is not what it should be, in PEM"
        elif isinstance(error, OSError):
            reason = error.strerror or str(error)
        elif isinstance(error, ValueError):
            reason = str(error)
        else:
            return
        raise RegistryError(
            f"its {self._key} cannot be used: {reason}",
            where=f"{self._host}: {self._file}",
            hint=f"see registries.{self._host}.{self._key} in the spec",
        ) from None


def _timeouts(environment: Mapping[str, str]) -> tuple[float, float]:
    text = environment.get(TIMEOUT)
    if not text:
        return _CONNECT, _SILENCE
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise VddkctlError("it is not a number of seconds", where=f"{TIMEOUT}={text}")
    return seconds, seconds


__all__ = ["TIMEOUT", "Answer", "Fault", "Wire"]
