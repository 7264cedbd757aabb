"""Who asks: the ``Authorization`` header of each request, by what the registry has asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.registry.http.challenge import Challenge, challenges
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.tokens import Tokens, basic
from vddkctl.registry.http.wire import Wire

Scopes = tuple[str, ...]
"""``repository:migration/vddk:pull,push`` (Docker's token specification, "scope"), one for each repository."""

FindLogin = Callable[[str, str], Login | None]
"""The login for a host and a repository."""


def pull(path: str) -> str:
    """The scope to read a repository."""
    return f"repository:{path}:pull"


def push(path: str) -> str:
    """The scope to read and write a repository."""
    return f"repository:{path}:pull,push"


class Authorization:
    """What one registry was told, and wants to be told. Safe to use from several threads."""

    def __init__(self, wire: Wire, find: FindLogin | None) -> None:
        self._wire = wire
        self._find = find
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, str], Tokens] = {}
        self._lock = threading.RLock()

    @property
    def asked(self) -> bool:
        """Whether the registry has asked for anything."""
        return self._challenge is not None

    def login(self, repository: str) -> Login | None:
        """The login for a repository; None for a client without one."""
        return self._find(self._wire.access.host, repository) if self._find else None

    def header(self, repository: str, scopes: Scopes) -> str | None:
        """The header's value; None until the registry has asked for something."""
        with self._lock:
            challenge = self._challenge
        if challenge is None:
            return None
        login = self.login(repository)
        if login and login.registry_token:
            return f"Bearer {login.registry_token}"
        if challenge.scheme == "basic":
            return basic(login) if login else None
        return f"Bearer {self._tokens_for(challenge, login).get(scopes)}"

    def challenged(
        self, asked: Sequence[str], repository: str, scopes: Scopes, used: str | None, where: str
    ) -> None:
        """Take in a 401 with these ``WWW-Authenticate`` headers, for a request that ``used`` this header.

        Returns when the request is worth another try. Raises DeniedError when it is not.
        """
        host = self._wire.access.host
        chosen = _choose(challenges(asked))
        if chosen is None:
            raise RegistryError(f"{host} answers 401, and asks for no login that is known here", where=where)
        login = self.login(repository)
        if chosen.scheme == "basic" or (login and login.registry_token):
            if login is None:
                raise DeniedError(f"{host} asks for a login, and there is none", where=where, hint=_how(host))
            if used is not None:
                raise _refused(login, host, where)
        with self._lock:
            self._challenge = chosen
        if chosen.scheme == "bearer" and used is not None:
            self._tokens_for(chosen, login).drop(scopes, used.removeprefix("Bearer "))

    def _tokens_for(self, challenge: Challenge, login: Login | None) -> Tokens:
        key = (challenge.parameters.get("realm", ""), login.username if login else "")
        with self._lock:
            if key not in self._tokens:
                self._tokens[key] = Tokens(self._wire, challenge, login)
            return self._tokens[key]


def _refused(login: Login, host: str, where: str) -> DeniedError:
    """The login itself is wrong."""
    name = f'user "{login.username}"' if login.username else "the token"
    what = f"{host} does not take the login of {name} ({login.source})"
    return DeniedError(what, where=where, hint=_how(host))


def _how(host: str) -> str:
    return f"log in with: podman login {host} (or docker login, skopeo login)"


def _choose(offered: Sequence[Challenge]) -> Challenge | None:
    """A bearer token where it is offered: some registries offer both, and take only that for pushing."""
    by_scheme = {each.scheme: each for each in reversed(offered)}
    return by_scheme.get("bearer") or by_scheme.get("basic")
