"""The files in which container tools keep logins: which ones, in which order, and what they say.

The order and the defaults are those of containers-auth.json(5) and of docker's ``config.json``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vddkctl.errors import RegistryError

_MOST = 1024 * 1024
"""Bytes. Such a file has a few hundred; nothing good is as large as this."""

_RENEW = "mend it, or move it away and log in again, as with: podman login HOST"


@dataclass(frozen=True, slots=True)
class AuthFile:
    """A place where logins may be kept; ``shown`` is its path for people.

    ``required``: it was named for this very purpose, so that it has to be there.
    """

    path: Path
    shown: str
    required: bool = False

    def damaged(self, what: str, *, position: str = "") -> RegistryError:
        """The error for a file that cannot be understood. ``what`` names a key, never what it holds."""
        return RegistryError(what, where=f"{self.path}{position}", hint=_RENEW)


@dataclass(frozen=True, slots=True)
class AuthDocument:
    """What such a file says. Entries are looked at when they are asked for: a damaged one is no other's trouble."""

    file: AuthFile
    auths: Mapping[str, object] = field(repr=False)
    helpers: Mapping[str, object]
    store: str


def auth_files(environment: Mapping[str, str]) -> tuple[AuthFile, ...]:
    """Every file in which a login may be, the first one to be asked first."""
    home = Path(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises without one
    return tuple(_files(environment, home))


def _files(environment: Mapping[str, str], home: Path) -> Iterator[AuthFile]:
    def file(path: Path, *, required: bool = False) -> AuthFile:
        below_home = home != Path("/") and path.is_relative_to(home)
        return AuthFile(path, f"~/{path.relative_to(home)}" if below_home else str(path), required)

    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield file(Path(named), required=True)
    # Where `podman login` writes when nobody has set up a session: to root, by sudo, in a container.
    run = environment.get("XDG_RUNTIME_DIR")
    yield file(Path(run, "containers/auth.json") if run else Path(f"/run/containers/{os.getuid()}/auth.json"))
    config = environment.get("XDG_CONFIG_HOME")
    yield file((Path(config) if config else home / ".config") / "containers/auth.json")
    docker = environment.get("DOCKER_CONFIG")
    yield file((Path(docker) if docker else home / ".docker") / "config.json")


def read(file: AuthFile) -> AuthDocument | None:
    """What the file says; None when it is not there, or empty. Raises RegistryError when it cannot be understood."""
    content = _content(file)
    if not content.strip():
        return None
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        raise file.damaged("this is not JSON", position=f":{error.lineno}:{error.colno}") from None
    except (ValueError, RecursionError):
        raise file.damaged("this is not JSON") from None
    if not isinstance(document, dict):
        raise file.damaged("this is not a JSON object")
    return AuthDocument(
        file,
        auths=_section(document, "auths", file),
        helpers=_section(document, "credHelpers", file),
        store=text_in(document, "credsStore", file),
    )


def _content(file: AuthFile) -> bytes:
    try:
        with file.path.open("rb") as stream:
            content = stream.read(_MOST + 1)
    except (FileNotFoundError, NotADirectoryError):
        if file.required:
            raise RegistryError(
                "there is no such file, and REGISTRY_AUTH_FILE names it",
                where=str(file.path),
                hint="unset REGISTRY_AUTH_FILE, or log in with it set, as with: podman login HOST",
            ) from None
        return b""
    except OSError as error:
        what = f"the logins in it cannot be read: {(error.strerror or str(error)).lower()}"
        hint = "look at its owner and mode, or name another file with REGISTRY_AUTH_FILE"
        raise RegistryError(what, where=str(file.path), hint=hint) from None
    if len(content) > _MOST:
        raise file.damaged(f"this is larger than {_MOST // 1024 // 1024} MiB, and no file of logins")
    return content


def _section(document: Mapping[str, object], name: str, file: AuthFile) -> Mapping[str, object]:
    section = value_in(document, name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise file.damaged(f'"{name}" is not an object')
    return section


def text_in(document: Mapping[str, object], name: str, file: AuthFile, of: str = "") -> str:
    """The text under ``name``, empty where there is none. ``of`` says where ``name`` stands, for the error."""
    value = value_in(document, name)
    if value is None:
        return ""
    if not isinstance(value, str) or not is_text(value):
        raise file.damaged(f'"{name}"{of} is not a text')
    return value


def value_in(document: Mapping[str, object], name: str) -> object:
    """The value under ``name``. Docker and podman take any case, as Go's reader of JSON does."""
    if name in document:
        return document[name]
    return next((value for key, value in document.items() if key.lower() == name.lower()), None)


def is_text(value: str) -> bool:
    r"""Whether it can be sent at all: JSON can write half a character (``\ud800``)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
