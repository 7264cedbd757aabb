"""The entries of a file of logins: which of them are for a repository, and the login that one holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping

from vddkctl.registry.http.auth_files import AuthFile, text_in
from vddkctl.registry.http.login import Login

HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
"""Under which docker has kept the login of Docker Hub since its first version."""

_HUB_NAMES = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})
_LEGACY_PATHS = frozenset({"v1", "v2"})
_FOR_HEADERS = re.compile(r"[!-~]+")


def is_hub(host: str) -> bool:
    """Whether a host is Docker Hub, by any of its names."""
    return host.lower() in _HUB_NAMES


def matching(keys: Iterable[str], host: str, repository: str) -> list[str]:
    """The keys that are for this repository, the best one first; for an empty ``repository``, those for the host.

    ``host/name/space`` is better the longer it is (containers-auth.json(5)), then comes ``host``, then what docker
    wrote in its early days: ``https://host/v1/``. Docker Hub has three names; the one that is asked for comes first.
    """
    ranked = [(rank, key) for key in keys if (rank := _rank(key, host, repository)) is not None]
    return [key for _, key in sorted(ranked)]


def _rank(key: str, host: str, repository: str) -> tuple[int, bool] | None:
    """How well a key fits, the least being the best; None when it does not."""
    _, scheme, bare = key.rpartition("://")
    named, _, path = bare.partition("/")
    if named.lower() != host.lower() and not (is_hub(named) and is_hub(host)):
        return None
    path = path.strip("/")
    elsewhere = named.lower() != host.lower()
    if not scheme and path and f"{repository}/".startswith(f"{path}/"):
        return -1 - path.count("/"), elsewhere
    if not scheme and not path:
        return 0, elsewhere
    return (1, elsewhere) if scheme or path in _LEGACY_PATHS else None


def login_in(entry: object, key: str, file: AuthFile) -> Login | None:
    """The login under ``key`` of ``auths``; None where nothing is kept there.

    Docker leaves an empty entry for a login that a credential helper keeps. Raises RegistryError for an entry that
    cannot be understood; what stands in it is not repeated.
    """
    of = f' of "{key}" in "auths"'
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise file.damaged(f'"{key}" in "auths" is not an object')
    username, password = _user(entry, file, of)
    identity_token = text_in(entry, "identitytoken", file, of)
    registry_token = text_in(entry, "registrytoken", file, of)
    if registry_token and not _FOR_HEADERS.fullmatch(registry_token):
        raise file.damaged(f'"registrytoken"{of} is not a token')
    if not (username or identity_token or registry_token):
        return None
    return Login(username, password, identity_token or None, registry_token or None, source=file.shown)


def _user(entry: Mapping[str, object], file: AuthFile, of: str) -> tuple[str, str]:
    """User and password: from ``auth``, or where there is none from the two keys that docker reads too."""
    encoded = "".join(text_in(entry, "auth", file, of).split())
    if not encoded:
        return text_in(entry, "username", file, of), text_in(entry, "password", file, of)
    digits = encoded.rstrip("=")
    try:
        content = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except ValueError:
        raise file.damaged(f'"auth"{of} is not base64') from None
    try:
        username, colon, password = content.decode().partition(":")
    except UnicodeDecodeError:
        raise file.damaged(f'"auth"{of} is not UTF-8 text in base64') from None
    if not (username and colon):
        raise file.damaged(f'"auth"{of} is not user:password in base64')
    return username, password.strip("\0")  # Some writers fill up with NULs; docker and podman drop them too.
