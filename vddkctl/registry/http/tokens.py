"""Bearer tokens (Docker's "Token Authentication Specification", and its OAuth2 form for identity tokens)."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.progress import Silent
from vddkctl.registry.http.access import is_loopback
from vddkctl.registry.http.challenge import Challenge
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.patience import AGAIN, Patience, pause
from vddkctl.registry.http.refusal import name_of, said
from vddkctl.registry.http.wire import Answer, Wire

_LIFE = 60.0
"""Seconds that a token without ``expires_in`` is good for, by the specification."""
_MOST = 1024 * 1024
_CLIENT = "vddkctl"


def basic(login: Login) -> str:
    """``Basic …`` (RFC 7617)."""
    pair = f"{login.username}:{login.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    good_until: float


class Tokens:
    """The tokens of one login at one issuer, by what they are for."""

    def __init__(self, wire: Wire, challenge: Challenge, login: Login | None) -> None:
        self._wire = wire
        self._challenge = challenge
        self._login = login
        self._known: dict[tuple[str, ...], _Token] = {}
        self._lock = threading.Lock()

    def get(self, scopes: tuple[str, ...]) -> str:
        """A token for these scopes that is good for a while. Raises RegistryError."""
        with self._lock:
            token = self._known.get(scopes)
            if token is None or token.good_until < time.monotonic():
                token = self._known[scopes] = self._fetch(scopes)
            return token.text

    def drop(self, scopes: tuple[str, ...], text: str) -> None:
        """Forget a token that was not taken; not a newer one, which another thread has fetched since."""
        with self._lock:
            token = self._known.get(scopes)
            if token is not None and token.text == text:
                del self._known[scopes]

    @property
    def _realm(self) -> str:
        realm = self._challenge.parameters.get("realm", "")
        parts, host = urlsplit(realm), self._wire.access.host
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RegistryError(f"{host} names no address that gives tokens", where=host)
        plain = parts.scheme == "http" and not is_loopback(parts.netloc)
        if plain and self._login is not None and self._wire.access.scheme == "https":
            raise RegistryError(
                f"{host} wants the login sent to {parts.hostname} without TLS, which is not done", where=host
            )
        return realm

    def _fetch(self, scopes: tuple[str, ...]) -> _Token:
        asked = time.monotonic()
        answer = self._ask(scopes)
        body = answer.whole(_MOST)
        if answer.status != 200:
            raise self._refused(answer.status, body)
        try:
            data = json.loads(body)
            text = data.get("token") or data.get("access_token")
            life = data.get("expires_in")
        except (ValueError, AttributeError, RecursionError):
            text, life = None, None
        if not isinstance(text, str) or not text.isprintable():
            raise RegistryError(f"the answer of {self._issuer} has no token", where=self._wire.access.host)
        seconds = float(life) if isinstance(life, (int, float)) and life > 0 else _LIFE
        return _Token(text, asked + seconds * 0.8)

    def _ask(self, scopes: tuple[str, ...]) -> Answer:
        method, url, headers, body = self._request(scopes)
        patience, attempt = Patience(), 1
        while True:
            delay: float | None
            try:
                answer = self._wire.send(method, url, headers, body)
            except Fault as fault:
                delay = patience.delay(attempt, None) if fault.passing else None
                if delay is None:
                    raise fault.error(
                        f"get a token from {self._issuer}", self._wire.access.host, self._issuer
                    ) from None
            else:
                delay = (
                    patience.delay(attempt, answer.header("Retry-After")) if answer.status in AGAIN else None
                )
                if delay is None:
                    return answer
                answer.close()
            pause(delay, f"waiting for {self._issuer}", Silent())
            attempt += 1

    def _request(self, scopes: tuple[str, ...]) -> tuple[str, str, dict[str, str], bytes | None]:
        service = self._challenge.parameters.get("service", "")
        login = self._login
        if login and login.identity_token:
            form: dict[str, Any] = {
                "grant_type": "refresh_token",
                "refresh_token": login.identity_token,
                "service": service,
                "client_id": _CLIENT,
                "scope": " ".join(scopes),
            }
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return "POST", self._realm, kind, urlencode(form).encode()
        pairs = [("service", service)] if service else []
        query = urlencode([*pairs, *(("scope", scope) for scope in scopes)])
        url = f"{self._realm}{'&' if urlsplit(self._realm).query else '?'}{query}"
        if login is None:
            return "GET", url, {}, None
        return "GET", url, {"Authorization": basic(login)}, None

    @property
    def _issuer(self) -> str:
        return urlsplit(self._challenge.parameters.get("realm", "")).netloc.rpartition("@")[2]

    def _refused(self, status: int, body: bytes) -> RegistryError:
        login, host = self._login, self._wire.access.host
        if status in {400, 401, 403}:
            who = f'user "{login.username}" ({login.source})' if login else "a client without a login"
            return DeniedError(
                f"{self._issuer} gives {who} no token",
                where=host,
                hint=f"log in with: podman login {host} (or docker login, skopeo login)",
            )
        words = said(body)
        return RegistryError(
            f"{self._issuer} gives no token: {name_of(status)}{f' ({words})' if words else ''}", where=host
        )
