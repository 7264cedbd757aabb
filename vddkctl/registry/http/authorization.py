"""Who asks: the ``Authorization`` header of each request, by what the registry has asked for.

What it takes to log in is loaded when a registry asks for a login.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vddkctl.errors import DeniedError
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.patience import Patience, Rest
from vddkctl.registry.http.purpose import Purpose
from vddkctl.registry.http.wire import Wire

if TYPE_CHECKING:
    from vddkctl.registry.http.challenge import Challenge
    from vddkctl.registry.http.issuer import Issuer
    from vddkctl.registry.http.tokens import Tokens

FindLogin = Callable[[str, str], Login | None]
"""The login for a host and a repository."""


class Authorization:
    """What one registry was told, and wants to be told. Safe to use from several threads."""

    def __init__(self, wire: Wire, find: FindLogin | None, patience: Patience, rest: Rest) -> None:
        self._wire = wire
        self._find = find
        self._patience = patience
        self._rest = rest
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[Issuer, Login | None], Tokens] = {}
        self._lock = threading.Lock()

    @property
    def asked(self) -> bool:
        """Whether the registry has asked for anything."""
        return self._challenge is not None

    def login(self, repository: str) -> Login | None:
        """The login for a repository; None for a client without one."""
        return self._find(self._wire.access.host, repository) if self._find else None

    def header(self, purpose: Purpose) -> str | None:
        """The header's value; None until the registry has asked for something. Raises RegistryError."""
        challenge = self._challenge
        if challenge is None:
            return None
        login = self.login(purpose.path)
        if login and login.registry_token:
            return f"Bearer {login.registry_token}"
        if challenge.scheme == "basic":
            from vddkctl.registry.http.issuer import basic

            return basic(login) if login else None
        return f"Bearer {self._tokens_for(challenge, login, purpose).get(purpose)}"

    def challenged(self, asked: Sequence[str], used: str | None, purpose: Purpose) -> None:
        """Take in a 401 with these ``WWW-Authenticate`` headers, for a request that ``used`` this header.

        A token that was refused is forgotten. Raises DeniedError when no other header could help.
        """
        from vddkctl.registry.http.challenge import challenges
        from vddkctl.registry.http.refusal import how_to_log_in

        host, login = self._wire.access.host, self.login(purpose.path)
        chosen = _choose(challenges(asked))
        if chosen is None:
            what = f"{host} asks for a login of a kind that is not known here"
            raise purpose.failed(what, kind=DeniedError)
        if chosen.scheme == "basic" and login is None:
            what = f"{host} asks for a login, and there is none"
            raise purpose.failed(what, hint=how_to_log_in(host), kind=DeniedError)
        if used is not None and login and (chosen.scheme == "basic" or login.registry_token):
            what = f"{host} does not take the login of {login.shown}"
            raise purpose.failed(what, hint=how_to_log_in(host), kind=DeniedError)
        self._challenge = chosen
        if used is not None:
            self._tokens_for(chosen, login, purpose).drop(purpose.scopes, used.removeprefix("Bearer "))

    def _tokens_for(self, challenge: Challenge, login: Login | None, purpose: Purpose) -> Tokens:
        from vddkctl.registry.http.issuer import issuer_of
        from vddkctl.registry.http.tokens import Tokens

        issuer = issuer_of(challenge, self._wire.access, login, purpose)
        with self._lock:
            key = (issuer, login)
            if key not in self._tokens:
                self._tokens[key] = Tokens(self._wire, issuer, login, self._patience, self._rest)
            return self._tokens[key]


def _choose(offered: Sequence[Challenge]) -> Challenge | None:
    """A bearer token where it is offered: some registries offer both, and take only that for pushing."""
    by_scheme = {each.scheme: each for each in reversed(offered)}
    return by_scheme.get("bearer") or by_scheme.get("basic")
