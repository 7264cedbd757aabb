"""Bearer tokens, kept while they are good."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.registry.http.address import joined
from vddkctl.registry.http.answer import WORDS, Answer
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.issuer import Issuer, TokenRequest
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.patience import Patience, Rest
from vddkctl.registry.http.purpose import Purpose, Scopes
from vddkctl.registry.http.refusal import how_to_log_in, name_of
from vddkctl.registry.http.wire import Wire
from vddkctl.registry.http.words import said

_LIFE = 60.0
"""Seconds that a token without ``expires_in`` is good for, by the specification."""
_LONGEST = 86_400.0
_USED = 0.8
"""The part of its life after which a token is not used any more: clocks differ, and requests take a while."""
_MOST = 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    good_until: float


class Tokens:
    """The tokens of one login at one issuer, by what they are for. Safe to use from several threads."""

    def __init__(
        self, wire: Wire, issuer: Issuer, login: Login | None, patience: Patience, rest: Rest
    ) -> None:
        self._wire = wire
        self._issuer = issuer
        self._login = login
        self._patience = patience
        self._rest = rest
        self._known: dict[Scopes, _Token] = {}
        self._lock = threading.Lock()

    def get(self, purpose: Purpose) -> str:
        """A token for these scopes that is good for a while. Several threads fetch one. Raises RegistryError."""
        with self._lock:
            token = self._known.get(purpose.scopes)
            if token is None or token.good_until < time.monotonic():
                token = self._known[purpose.scopes] = self._fetch(purpose)
            return token.text

    def drop(self, scopes: Scopes, text: str) -> None:
        """Forget a token that was not taken; not a newer one, which another thread has fetched since."""
        with self._lock:
            token = self._known.get(scopes)
            if token is not None and token.text == text:
                del self._known[scopes]

    def _fetch(self, purpose: Purpose) -> _Token:
        asked = time.monotonic()
        request = self._issuer.request(self._login, purpose.scopes)

        def send() -> Answer:
            return self._follow(request, purpose).load(_MOST)

        try:
            answer = self._patience.persist(send, self._rest)
        except Fault as fault:
            raise fault.error(purpose, self._wire.access.host) from None
        if answer.status != 200:
            raise self._refused(purpose, answer.status, answer.content[:WORDS])
        text, life = _token_in(answer.content)
        if text is None:
            raise purpose.failed(f"the answer of {self._issuer.place} has no token")
        return _Token(text, asked + _USED * (life or _LIFE))

    def _follow(self, request: TokenRequest, purpose: Purpose) -> Answer:
        """The answer, after redirects of a GET. The login stays with the host that the registry named."""
        url, headers, own = request.url, request.headers, urlsplit(self._wire.access.url).hostname
        for _ in range(_MOST_REDIRECTS + 1):
            stranger = urlsplit(url).hostname != own
            answer = self._wire.send(request.method, url, headers, request.body, stranger=stranger)
            location = answer.header("Location")
            if request.method != "GET" or answer.status not in _REDIRECTS or not location:
                return answer
            answer.close()
            following = joined(url, location)
            if following is None or (url.startswith("https:") and not following.startswith("https:")):
                raise purpose.failed(f"{self._issuer.place} sends us on to no address with TLS")
            if urlsplit(following).hostname != urlsplit(url).hostname:
                headers = {}
            url = following
        raise purpose.failed(f"{self._issuer.place} redirects without an end")

    def _refused(self, purpose: Purpose, status: int, body: bytes) -> RegistryError:
        login, place, words = self._login, self._issuer.place, said(body)
        answer = f"{name_of(status)}{f' ({words})' if words else ''}"
        if status not in {400, 401, 403}:
            return purpose.failed(f"{place} gives no token: {answer}")
        if login:
            what = f"{place} does not take the login of {login.shown}: {answer}"
        else:
            what = f"{place} gives a client without a login no token: {answer}"
        return purpose.failed(what, hint=how_to_log_in(self._wire.access.host), kind=DeniedError)


def _token_in(content: bytes) -> tuple[str | None, float | None]:
    """The token, and the seconds that it is good for."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(data, dict):
        return None, None
    text, life = data.get("token") or data.get("access_token"), data.get("expires_in")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        return None, None
    return text, float(min(life, _LONGEST)) if isinstance(life, (int, float)) and life > 0 else None
