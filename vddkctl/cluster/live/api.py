"""Requests to an API server: one at a time, repeated where the API's conventions say so, errors in plain words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from msgspec import DecodeError, Struct, field
from msgspec.json import encode

from vddkctl.cluster.live.connection import Connection
from vddkctl.cluster.live.exchange import Answer, Request, exchange
from vddkctl.cluster.live.refusal import RefusedError, is_silence, unreachable
from vddkctl.decoding import decoded
from vddkctl.errors import ClusterError

T = TypeVar("T")

MANAGER = "vddkctl"
"""The field manager (Kubernetes, "Server-Side Apply")."""

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
JSON = "application/json"

_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each further try. Along with what a server asks for by ``Retry-After``, at most so long:"""
_LONGEST = 30.0
_AGAIN = frozenset({429, 500, 502, 503, 504})
_TIMEOUT = 30.0
TIMEOUT = "VDDKCTL_CLUSTER_TIMEOUT"
"""Names the seconds without a byte after which an answer is given up, in place of 30."""
_SILENT = 2
"""How often a server is asked that does not answer in time."""


class Api(Struct, frozen=True, eq=False):
    """Speaks to one API server. Safe to use from several threads."""

    connection: Connection
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = _TIMEOUT
    guard: Callable[[], None] | None = None
    """Called before each try of a request that writes; what it raises ends it."""
    again: frozenset[int] = _AGAIN
    """What a moment can mend: codes after which a request is sent again."""

    @property
    def place(self) -> str:
        """What to call the server in an error: the context."""
        return self.connection.name

    def get(self, path: str, query: Mapping[str, str] | None = None, *, of: type[T]) -> T:
        """Read one object or a list. Raises :class:`~vddkctl.cluster.live.refusal.RefusedError` and ClusterError."""
        return self._decoded(self.send("GET", path, query), of)

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        kind: str = JSON,
    ) -> bytes:
        """The body of the answer. Raises RefusedError for what a server refuses, else ClusterError.

        What a moment can mend is tried again: 429 and 5xx as the server asks for it, and a connection that broke off,
        but for a POST, which may have been carried out.
        """
        content = None if body is None else encode(body)
        for tried, pause in enumerate((*_PAUSES, None), start=1):
            if self.guard and method != "GET":
                self.guard()
            try:
                answer = self._once(method, path, query, content, kind)
            except _network_errors() as error:
                over = pause is None or (tried >= _SILENT and is_silence(error))
                if over or (method == "POST" and not _never_sent(error)):
                    raise unreachable(error, self.place, self.connection.client.configuration.host) from None
                time.sleep(_jittered(pause or 0.0))
                continue
            status, wished = answer.status, answer.retry_after
            if status < 300:
                return answer.body
            if pause is None or status not in self.again or (method == "POST" and status != 429):
                raise RefusedError.of(status, answer.body, method, path, self.place)
            time.sleep(min(float(wished), _LONGEST) if wished.isdigit() else _jittered(pause))
        raise AssertionError

    def _once(
        self, method: str, path: str, query: Mapping[str, str] | None, content: bytes | None, kind: str
    ) -> Answer:
        headers = {"Accept": JSON, "Accept-Encoding": "identity", "User-Agent": MANAGER, **self.headers}
        if content is not None:
            headers["Content-Type"] = kind
        authorize(self.connection.client, headers, path, method)
        target = self.connection.url(path + _encoded(**query) if query else path)
        return exchange(self.connection.pool, Request(method, target, headers, content), self.timeout)

    def _decoded(self, data: bytes, of: type[T]) -> T:
        try:
            return decoded(data, of)
        except DecodeError as error:
            raise ClusterError(
                f"the answer is not what an API server gives: {error}",
                where=self.place,
                hint="is that the API server, and not a proxy or a login page?",
            ) from None


@lru_cache(maxsize=64)
def _encoded(**query: str) -> str:
    """The query of a URL: of a thousand requests that write, it is the same."""
    return f"?{urlencode(query)}"


def patience(environment: Mapping[str, str]) -> float:
    """Seconds without a byte after which an answer is given up. Raises ClusterError."""
    text = environment.get(TIMEOUT)
    if not text:
        return _TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ClusterError("it is not a number of seconds", where=f"{TIMEOUT}={text}", hint="as in 60")
    return seconds


def authorize(client: Any, headers: dict[str, Any], path: str, method: str) -> None:
    """Put the login into the headers. Raises ClusterError for a token that no header can hold; it is not told."""
    client.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
    token = headers.get("authorization") or headers.get("Authorization")
    if not isinstance(token, str):
        return
    for name in ("authorization", "Authorization"):
        if name in headers:
            headers[name] = token.strip()  # files of tokens end in a line break
    if not (token.isascii() and token.strip().isprintable()):
        raise ClusterError(
            "the token has a line break or another sign in it that no header can hold",
            where=client.configuration.host,
            hint="look at the token, or at the file that it is in",
        )


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def _network_errors() -> type[Exception]:
    from urllib3.exceptions import HTTPError

    return HTTPError


def _never_sent(error: Exception) -> bool:
    from urllib3.exceptions import NewConnectionError

    return isinstance(error, NewConnectionError)
