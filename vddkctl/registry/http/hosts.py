"""The registries of a site: one object for each host."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from vddkctl.progress import Progress
from vddkctl.registry.http.access import Access, access_to
from vddkctl.registry.http.registry import HttpRegistry
from vddkctl.site.model import RegistrySettings

if TYPE_CHECKING:
    from vddkctl.registry.http.credentials import Credentials
    from vddkctl.registry.http.login import Login


class Hosts:
    """Makes registries by host from what the spec says of them; ``path`` finds the spec's files."""

    def __init__(
        self,
        settings: Mapping[str, RegistrySettings],
        path: Callable[[str], Path],
        environment: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._path = path
        self._environment = environment
        self._progress = progress
        self._registries: dict[tuple[str, bool], HttpRegistry] = {}
        self._lock, self._asking = threading.Lock(), threading.Lock()

    def registry(self, host: str, *, anonymous: bool = False) -> HttpRegistry:
        """The registry at ``host``; ``anonymous``: without any login."""
        with self._lock:
            found = self._registries.get((host, anonymous))
            if found is None:
                access = self._access(host)
                if anonymous:  # a certificate is a login, too
                    access = replace(access, certificate_file=None, key_file=None)
                login = None if anonymous else self._login
                found = HttpRegistry(access, login, self._progress)
                self._registries[host, anonymous] = found
            return found

    def login(self, host: str) -> Login | None:
        """The login for everything at a host, if this machine has one."""
        return self._login(host, "")

    def _access(self, host: str) -> Access:
        return access_to(host, self._settings.get(host), self._path, self._environment)

    def _login(self, host: str, repository: str) -> Login | None:
        with self._asking:
            credentials = self._credentials
        return credentials.login(host, repository)

    @cached_property
    def _credentials(self) -> Credentials:
        from vddkctl.registry.http.credentials import Credentials

        return Credentials(self._environment)
