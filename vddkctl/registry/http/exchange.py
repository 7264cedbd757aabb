"""A request until it has an answer: logged in, redirected, repeated where that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from msgspec import Struct, field
from msgspec.structs import replace

from vddkctl.errors import RegistryError
from vddkctl.progress import Progress
from vddkctl.registry.http.address import joined, origin, place_of
from vddkctl.registry.http.answer import WORDS, Answer
from vddkctl.registry.http.authorization import Authorization, FindLogin
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.patience import Patience, pause, seconds_asked
from vddkctl.registry.http.purpose import Purpose
from vddkctl.registry.http.wire import Wire

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_MOST_REDIRECTS = 5

Body = Callable[[], Iterable[bytes | memoryview]]
"""Starts a body from its beginning, as often as it is needed."""


class Request(Struct, frozen=True):
    """What to ask, and why.

    ``answers`` are statuses besides 2xx that the caller understands. ``repeat``: try again by itself after faults.
    """

    method: str
    url: str
    purpose: Purpose
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body | None = None
    answers: frozenset[int] = frozenset()
    repeat: bool = True


class Exchange:
    """Asks one registry. Safe to use from several threads."""

    def __init__(self, wire: Wire, find: FindLogin | None, progress: Progress, patience: Patience) -> None:
        self.patience = patience
        self._wire = wire
        self._progress = progress
        self._authorization = Authorization(wire, find, patience, self.rest)

    @property
    def host(self) -> str:
        """The registry's name, as references have it."""
        return self._wire.access.host

    @property
    def challenged(self) -> bool:
        """Whether the registry has asked for a login."""
        return self._authorization.asked

    def url(self, path: str) -> str:
        """An address in the registry's API: ``/v2/`` and the rest."""
        return f"{self._wire.access.url}/v2/{path}"

    def ask(self, request: Request, *, load: int = 0) -> Answer:
        """The answer: 2xx, or one that the request understands. Of its body, ``load`` bytes at most are read.

        Raises DeniedError, UnreachableError and other RegistryErrors; with ``repeat`` off, :class:`Fault` too.
        """

        def send() -> Answer:
            answer = self._follow(request)
            return answer.load(load) if load else answer

        if not request.repeat:
            answer = send()
        else:
            try:
                answer = self.patience.persist(send, self.rest)
            except Fault as fault:
                raise fault.error(request.purpose, self.host) from None
        if not answer.done and answer.status not in request.answers:
            raise self.refusal(request.purpose, answer)
        return answer

    def refusal(self, purpose: Purpose, answer: Answer) -> RegistryError:
        """The error for an answer that is no success. Closes it."""
        if not answer.content:
            with suppress(Fault):
                answer.load(WORDS)
        own = self.is_own(answer.url)
        login = self._authorization.login(purpose.path) if own and answer.authorization else None
        from vddkctl.registry.http.refusal import refusal

        return refusal(
            purpose,
            answer.status,
            answer.content[:WORDS],
            registry=self.host,
            user=login.shown if login else "",
            elsewhere="" if own else place_of(answer.url),
            wait=seconds_asked(answer.header("Retry-After")),
            plain=answer.url.startswith("http:"),
        )

    def rest(self, seconds: float, why: str) -> None:
        """Wait, and say so where it takes long."""
        pause(seconds, f"waiting for {self.host} ({why})", self._progress)

    def login_again(self, purpose: Purpose, answer: Answer) -> bool:
        """Take in what a 401 asks for; False when it asks for nothing, or is not the registry's.

        Loads the answer. Raises DeniedError when there is no login that could help.
        """
        asked = answer.headers("WWW-Authenticate")
        with suppress(Fault):
            answer.load(WORDS)
        if not asked or not self.is_own(answer.url):
            return False
        self._authorization.challenged(asked, answer.authorization, purpose)
        return True

    def is_own(self, url: str) -> bool:
        """Whether an address is the registry's own: same scheme, host and port."""
        return origin(url) == origin(self._wire.access.url)

    def target(self, purpose: Purpose, base: str, location: str) -> str:
        """Where a ``Location`` leads from ``base``. Raises RegistryError for no address, and for a way out of TLS."""
        url = joined(base, location)
        if url is None:
            raise purpose.failed(f"{self.host} sends us on to no address of a registry")
        if url.startswith("http:") and self._wire.access.scheme == "https" and self._wire.access.verify:
            raise purpose.failed(
                f"{self.host} sends us on to http://{place_of(url)}, without TLS",
                hint="a proxy before the registry has to tell it that it is asked by HTTPS (X-Forwarded-Proto)",
            )
        return url

    def _follow(self, request: Request) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._logged_in(request)
            location = answer.header("Location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            answer.close()
            if request.method not in {"GET", "HEAD"} and answer.status not in _KEEP_METHOD:
                from vddkctl.registry.http.refusal import name_of

                what = f"{self.host} answers a {request.method} with {name_of(answer.status)}"
                raise request.purpose.failed(what, hint="is that the registry's own address?")
            request = replace(request, url=self.target(request.purpose, request.url, location))
        raise request.purpose.failed(f"{self.host} redirects without an end")

    def _logged_in(self, request: Request) -> Answer:
        """One answer, after as many logins as it takes. Another host never hears of them."""
        own = self.is_own(request.url)
        logins = 0
        while True:
            used = self._authorization.header(request.purpose) if own else None
            headers = {**request.headers, **({"Authorization": used} if used else {})}
            body = request.body() if callable(request.body) else request.body
            answer = self._wire.send(request.method, request.url, headers, body, stranger=not own)
            if answer.status != 401 or 401 in request.answers:
                return answer
            if not self.login_again(request.purpose, answer) or logins:
                return answer
            logins += 1
