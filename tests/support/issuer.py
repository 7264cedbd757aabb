"""A token issuer: the third party of the registries' Bearer flow, in a thread of the tests."""

from __future__ import annotations

import base64
import json
import math
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.certificates import Authority, openssl

SERVICE, NAME = "registry.tests", "issuer.tests"
LEEWAY = 60
"""Seconds for which docker-registry takes a token that has expired."""


@dataclass(frozen=True, slots=True)
class User:
    """Someone with a password, and what they may do in every repository."""

    password: str
    actions: tuple[str, ...] = ("pull", "push", "delete")


@dataclass(frozen=True, slots=True)
class Rules:
    """How the issuer behaves."""

    lifetime: int = 300
    """For how many seconds the registry takes a token, at least; a second more at most. 0: it is refused from the start."""
    says: int | None = None
    """The ``expires_in`` it tells, if that is not the truth; -1: none at all."""
    public: tuple[str, ...] = ()
    """Patterns of repositories that anyone may pull from."""
    anonymous: bool = True
    """Does a client without credentials get a token (for what is public), or status 401?"""
    oauth2: bool = True
    """Is there ``POST /token``? Without it: 405."""
    keys: tuple[str, ...] = ("token", "access_token")
    """The names under which the token is in the answer."""
    failures: tuple[int, ...] = ()
    """Status codes that the next requests get instead of a token, one each."""


@dataclass(frozen=True, slots=True)
class Issued:
    """One token that was given. ``grant``: ``anonymous``, ``basic``, ``password`` or ``refresh_token``."""

    grant: str
    account: str
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    expires: int
    token: str = field(repr=False)


class Issuer:
    """Signs tokens (RS256, with ``x5c``) for a docker-registry that trusts ``authority``."""

    def __init__(self, authority: Authority, users: Mapping[str, User]) -> None:
        self.rules = Rules()
        self.authority = authority
        self.users = users
        self._issued: list[Issued] = []
        self._refresh: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def realm(self) -> str:
        """The address that a registry names in its challenge."""
        return f"http://127.0.0.1:{self._server.server_port}/token"

    @property
    def issued(self) -> list[Issued]:
        """Every token given since the test began, in order."""
        with self._lock:
            return list(self._issued)

    def count(self, scope: str = "") -> int:
        """How many tokens were given (for this scope, asked in exactly these words)."""
        return sum(not scope or scope in issued.asked for issued in self.issued)

    def reset(self) -> None:
        """As it was at the start."""
        with self._lock:
            self.rules = Rules()
            self._issued.clear()
            self._refresh.clear()

    @contextmanager
    def behaving(self, **rules: Any) -> Iterator[None]:
        """Other :class:`Rules` for a while: ``with issuer.behaving(lifetime=1): …``."""
        before, self.rules = self.rules, replace(self.rules, **rules)
        try:
            yield
        finally:
            self.rules = before

    def wait_until_expired(self) -> None:
        """Return when the registry refuses the token that was given last."""
        time.sleep(max(0.0, self.issued[-1].expires + LEEWAY + 0.01 - time.time()))

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, query: str, credentials: str) -> tuple[int, dict[str, Any]]:
        """Status and body for a request with this query (or form) and ``Authorization`` header."""
        fields = parse_qs(query, keep_blank_values=True)
        with self._lock:
            if self.rules.failures:
                status, *rest = self.rules.failures
                self.rules = replace(self.rules, failures=tuple(rest))
                return status, {"details": "out of order"}
        if method == "POST" and not self.rules.oauth2:
            return 405, {"details": "there is no POST here"}
        grant, account = self._who(method, fields, credentials)
        if account is None or (not account and not self.rules.anonymous):
            return 401, {"details": "incorrect username or password"}
        asked = tuple(scope for text in fields.get("scope", []) for scope in text.split())
        lasting = "true" in fields.get("offline_token", []) or "offline" in fields.get("access_type", [])
        return 200, self._give(grant, account, asked, lasting)

    def _who(self, method: str, fields: Mapping[str, list[str]], header: str) -> tuple[str, str | None]:
        """By which grant, and as whom: ``""`` is anonymous, ``None`` is nobody that is known."""
        if method == "POST" and fields.get("grant_type") == ["refresh_token"]:
            return "refresh_token", self._refresh.get(fields.get("refresh_token", [""])[0])
        if method == "POST":
            grant, name, password = (
                "password",
                *(fields.get(key, [""])[0] for key in ("username", "password")),
            )
        elif not header:
            return "anonymous", ""
        else:
            name, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            grant = "basic"
        user = self.users.get(name)
        return grant, name if user and user.password == password else None

    def _give(self, grant: str, account: str, asked: tuple[str, ...], lasting: bool) -> dict[str, Any]:
        access = [entry for scope in asked if (entry := self._access(scope, account))["actions"]]
        granted = tuple(f"{entry['type']}:{entry['name']}:{','.join(entry['actions'])}" for entry in access)
        now = time.time()
        expires = math.ceil(now) + self.rules.lifetime - LEEWAY - (1 if self.rules.lifetime == 0 else 0)
        token = self._sign(account, access, expires)
        says = self.rules.lifetime if self.rules.says is None else self.rules.says
        issued_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        body: dict[str, Any] = dict.fromkeys(self.rules.keys, token)
        body |= {"expires_in": says, "issued_at": issued_at} if says >= 0 else {}
        with self._lock:
            self._issued.append(Issued(grant, account, asked, granted, expires, token))
            if account and (lasting or grant == "refresh_token"):
                refresh = uuid.uuid4().hex
                self._refresh[refresh] = account
                body["refresh_token"] = refresh
        return body

    def _access(self, scope: str, account: str) -> dict[str, Any]:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        allowed = set(self.users[account].actions) if account else set()
        if any(fnmatchcase(name, pattern) for pattern in self.rules.public):
            allowed.add("pull")
        return {"type": kind, "name": name, "actions": [a for a in actions.split(",") if a in allowed]}

    def _sign(self, account: str, access: list[dict[str, Any]], expires: int) -> str:
        der = "".join(self.authority.certificate.read_text().split("-----")[2].split())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        claims = {"iss": NAME, "sub": account, "aud": SERVICE, "jti": uuid.uuid4().hex, "access": access}
        times = {"exp": expires, "nbf": expires - 10_000, "iat": expires - 10_000}
        text = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims | times))
        signature = openssl("dgst", "-sha256", "-sign", self.authority.key, input=text)
        return b".".join([text, _base64url(signature)]).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def _answer(self, query: str) -> None:
            status, body = issuer.answer(self.command, query, self.headers.get("Authorization", ""))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    return Handler
