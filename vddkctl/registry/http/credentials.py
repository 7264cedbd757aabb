"""Where a registry's login comes from: the files and helper programs of podman, skopeo and docker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Generic, TypeVar

from vddkctl.errors import RegistryError
from vddkctl.registry.http.auth_entries import HUB, HUB_KEY, is_hub, login_in, matching
from vddkctl.registry.http.auth_files import AuthDocument, auth_files, read, text_in
from vddkctl.registry.http.credential_helper import Helper, ask, found, is_name
from vddkctl.registry.http.login import Login

__all__ = ["Credentials", "Login"]

_HELPERS = "credHelpers"

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Credentials:
    """Logins by registry and repository. Each file is read and each helper asked once, when it is needed first.

    The first file that has a login wins: ``REGISTRY_AUTH_FILE``, ``$XDG_RUNTIME_DIR/containers/auth.json``,
    ``$XDG_CONFIG_HOME/containers/auth.json``, ``$DOCKER_CONFIG/config.json``. In a file, ``credHelpers`` for the host
    have the only word; then comes ``credsStore``, then ``auths``, the longest key first. Podman and docker differ where
    a file has a ``credsStore``: podman does not look at it, docker looks at nothing else. Here it comes first.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._files = auth_files(environment)
        self._documents: _Once[str, AuthDocument | None] = _Once()
        self._answers: _Once[tuple[str, str], Login | None] = _Once()
        self._lock = threading.Lock()

    def login(self, host: str, repository: str) -> Login | None:
        """The login for ``repository`` (without its host) at ``host``, as a reference names them; None: there is none.

        Raises RegistryError for a file or a helper that had to be asked and cannot be understood. Any thread may call.
        """
        with self._lock:
            for file in self._files:
                document = self._documents.get(str(file.path), partial(read, file))
                login = self._login_in(document, host, repository) if document else None
                if login:
                    return login
        return None

    def _login_in(self, document: AuthDocument, host: str, repository: str) -> Login | None:
        helper = _helper_for(document, host)
        if helper and self._answers_for(helper, document, host):
            login = self._asked(helper, _servers(document, host))
            if login or helper.key == _HELPERS:
                return login
        for key in matching(document.auths, host, repository):
            login = login_in(document.auths[key], key, document.file)
            if login:
                return login
        return None

    def _answers_for(self, helper: Helper, document: AuthDocument, host: str) -> bool:
        """Whether to ask a helper: not a store that is not installed, and that nothing says has this host."""
        if helper.key == _HELPERS or matching(document.auths, host, ""):
            return True
        return not is_name(helper.name) or found(helper, self._environment) is not None

    def _asked(self, helper: Helper, servers: Iterable[str]) -> Login | None:
        for server in servers:
            known = (helper.name, server)
            login = self._answers.get(known, partial(ask, helper, server, self._environment))
            if login:
                return login
        return None


def _helper_for(document: AuthDocument, host: str) -> Helper | None:
    """The helper that a file names for a host. An empty name excepts the host from the ``credsStore``, as in docker."""
    for key in matching(document.helpers, host, ""):
        name = text_in(document.helpers, key, document.file, f' in "{_HELPERS}"')
        return Helper(name, _HELPERS, document.file) if name else None
    return Helper(document.store, "credsStore", document.file) if document.store else None


def _servers(document: AuthDocument, host: str) -> tuple[str, ...]:
    """The names under which a helper may keep the host's login, the likeliest first.

    Docker asks by the host, and for Docker Hub by its old address; podman by the host in any case. What docker keeps
    under a key of another form, it shows by an empty entry in ``auths``.
    """
    named = matching(document.helpers, host, "")[:1]
    usual = [HUB_KEY, HUB] if is_hub(host) else [host]
    return tuple(dict.fromkeys([*named, *usual, *matching(document.auths, host, "")]))


class _Once(Generic[_Key, _Value]):
    """Remembers what was found, and also what went wrong: a helper that hangs is not waited for by every thread."""

    def __init__(self) -> None:
        self._found: dict[_Key, _Value | RegistryError] = {}

    def get(self, key: _Key, find: Callable[[], _Value]) -> _Value:
        if key not in self._found:
            try:
                self._found[key] = find()
            except RegistryError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, RegistryError):
            raise RegistryError(found.what, where=found.where, hint=found.hint)
        return found
