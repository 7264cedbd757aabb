"""A request until it has an answer: logged in, redirected, repeated where that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.progress import Progress
from vddkctl.registry.http.authorization import Authorization, FindLogin, Scopes
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.patience import AGAIN, PATIENT, Patience, pause
from vddkctl.registry.http.refusal import name_of, refusal
from vddkctl.registry.http.wire import Answer, Wire

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_MOST_LOGINS = 2
_REFUSED = 3
"""How often a door is knocked at where nobody listens."""

Body = Callable[[], Iterable[bytes | memoryview]]
"""Starts a body from its beginning, as often as it is needed."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. ``step`` says it in words ("read the tag"), ``where`` names the image; ``path`` is the repository's.

    ``answers`` are statuses besides 2xx that the caller understands. ``repeat``: try again by itself after faults.
    """

    method: str
    url: str
    path: str
    scopes: Scopes
    step: str
    where: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body | None = None
    answers: frozenset[int] = frozenset()
    repeat: bool = True


class Exchange:
    """Asks one registry. Safe to use from several threads."""

    def __init__(
        self, wire: Wire, find: FindLogin | None, progress: Progress, patience: Patience = PATIENT
    ) -> None:
        self.wire = wire
        self.patience = patience
        self._authorization = Authorization(wire, find)
        self._progress = progress

    @property
    def host(self) -> str:
        """The registry's name, as references have it."""
        return self.wire.access.host

    def url(self, path: str) -> str:
        """An address in the registry's API: ``/v2/`` and the rest."""
        return f"{self.wire.access.url}/v2/{path}"

    @property
    def challenged(self) -> bool:
        """Whether the registry has asked for a login."""
        return self._authorization.asked

    def login_name(self, path: str) -> str:
        """Who asks, for messages."""
        login = self._authorization.login(path)
        return f'"{login.username}" ({login.source})' if login else ""

    def ask(self, request: Request) -> Answer:
        """The answer: 2xx, or one that the request understands.

        Raises DeniedError, UnreachableError and other RegistryErrors; with ``repeat`` off, :class:`Fault` too.
        """
        attempt = 1
        while True:
            try:
                answer = self._follow(request)
            except Fault as fault:
                if not request.repeat:
                    raise
                self._wait(request, attempt, fault)
            else:
                passing = answer.status in AGAIN and request.repeat
                delay = self.patience.delay(attempt, answer.header("Retry-After")) if passing else None
                if delay is None:
                    return self._accepted(request, answer)
                why = name_of(answer.status)
                answer.close()
                self.rest(delay, why)
            attempt += 1

    def fetch(self, request: Request, most: int) -> tuple[Answer, bytes]:
        """The answer and its body, at most ``most`` bytes; asked again when it breaks off. Raises as :meth:`ask`."""
        attempt = 1
        while True:
            answer = self.ask(request)
            try:
                return answer, answer.whole(most)
            except Fault as fault:
                self._wait(request, attempt, fault)
            attempt += 1

    def rest(self, seconds: float, why: str) -> None:
        """Wait, and say so where it takes long."""
        pause(seconds, f"waiting for {self.host} ({why})", self._progress)

    def _wait(self, request: Request, attempt: int, fault: Fault) -> None:
        delay = self.patience.delay(attempt, None)
        if not fault.passing or delay is None or (fault.refused and attempt >= _REFUSED):
            raise fault.error(request.step, request.where, self.host) from None
        self.rest(delay, fault.what)

    def _accepted(self, request: Request, answer: Answer) -> Answer:
        if 200 <= answer.status < 300 or answer.status in request.answers:
            return answer
        try:
            body = answer.whole()
        except Fault:
            body = b""
        raise refusal(
            answer.status, body, step=request.step, where=request.where, user=self.login_name(request.path)
        )

    def _follow(self, request: Request) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._logged_in(request)
            target = answer.header("Location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            answer.close()
            request = self._redirected(request, urljoin(request.url, target), answer.status)
        raise RegistryError(f"cannot {request.step}: it redirects without an end", where=request.where)

    def _redirected(self, request: Request, url: str, status: int) -> Request:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or (
            self.wire.access.scheme == "https" and self.wire.access.verify and parts.scheme == "http"
        ):
            what = f"cannot {request.step}: it redirects to {parts.scheme}://{parts.hostname}, without TLS"
            raise RegistryError(what, where=request.where)
        if request.method not in {"GET", "HEAD"} and status not in {307, 308}:
            raise RegistryError(
                f"cannot {request.step}: it answers a {request.method} with {name_of(status)}",
                where=request.where,
                hint="is that the registry's own address?",
            )
        return replace(request, url=url)

    def _logged_in(self, request: Request) -> Answer:
        """One answer, after as many logins as it takes. Another host never hears of them."""
        own = self.is_own(request.url)
        logins = 0
        while True:
            used = self._authorization.header(request.path, request.scopes) if own else None
            headers = {**request.headers, **({"Authorization": used} if used else {})}
            body = request.body() if callable(request.body) else request.body
            answer = self.wire.send(request.method, request.url, headers, body)
            answer.login = used
            if answer.status != 401 or not own or 401 in request.answers or logins >= _MOST_LOGINS:
                return answer
            if not self.login_again(request, answer):
                return answer
            logins += 1

    def login_again(self, request: Request, answer: Answer) -> bool:
        """Take in what a 401 asks for; False when it asks for nothing.

        Raises DeniedError when there is no login that could help.
        """
        asked = answer.headers("WWW-Authenticate")
        if not asked:
            return False
        answer.close()
        try:
            self._authorization.challenged(asked, request.path, request.scopes, answer.login, request.where)
        except DeniedError as error:
            error.what = f"cannot {request.step}: {error.what}"
            raise
        return True

    def is_own(self, url: str) -> bool:
        """Whether an address is the registry's own: same scheme, host and port."""
        return _origin(url) == _origin(self.wire.access.url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
