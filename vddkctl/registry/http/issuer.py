"""Where a registry sends its clients for tokens, and how one is asked for.

Docker's "Token Authentication Specification", and its OAuth2 form for identity tokens.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from vddkctl.registry.http.access import Access, is_loopback
from vddkctl.registry.http.address import joined, place_of
from vddkctl.registry.http.challenge import Challenge
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.purpose import Purpose, Scopes

_CLIENT = "vddkctl"


def basic(login: Login) -> str:
    """``Basic …`` (RFC 7617)."""
    pair = f"{login.username}:{login.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What to send."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Issuer:
    """``realm`` is its address, ``service`` what it calls the registry."""

    realm: str
    service: str

    @property
    def place(self) -> str:
        """Its host, for messages."""
        return place_of(self.realm)

    def request(self, login: Login | None, scopes: Scopes) -> TokenRequest:
        """How to ask for a token that is good for these scopes."""
        if login and login.identity_token:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": login.identity_token,
                "service": self.service,
                "client_id": _CLIENT,
                "scope": " ".join(scopes),
            }
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return TokenRequest("POST", self.realm, kind, urlencode(form).encode())
        service = [("service", self.service)] if self.service else []
        query = urlencode([*service, *(("scope", scope) for scope in scopes)])
        url = f"{self.realm}{'&' if urlsplit(self.realm).query else '?'}{query}"
        return TokenRequest("GET", url, {"Authorization": basic(login)} if login else {})


def issuer_of(challenge: Challenge, access: Access, login: Login | None, purpose: Purpose) -> Issuer:
    """Whom a registry names. Raises RegistryError for no address, and where a login would go there in the clear."""
    realm = challenge.parameters.get("realm", "")
    if joined(realm, "") is None:
        raise purpose.failed(f"{access.host} names no address that gives tokens")
    plain = realm.startswith("http:") and not is_loopback(urlsplit(realm).netloc)
    if plain and login is not None and access.scheme == "https":
        raise purpose.failed(
            f"{access.host} wants the login sent to {place_of(realm)} without TLS, which is not done"
        )
    return Issuer(realm, challenge.parameters.get("service", ""))
