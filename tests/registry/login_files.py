"""A home folder with files of logins and credential helpers in it, all of them real."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vddkctl.registry.http.credentials import Credentials, Login


def encoded(username: str, password: str) -> str:
    """The text that ``auth`` has."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def user(name: str) -> dict[str, str]:
    """An entry for a user, whose password is ``secret-of-NAME``."""
    return {"auth": encoded(name, f"secret-of-{name}")}


@dataclass(frozen=True)
class Home:
    """A person's home and environment, with nothing of this machine's user in it."""

    root: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def run(self) -> Path:
        return self.root / "run/containers/auth.json"

    @property
    def config(self) -> Path:
        return self.root / ".config/containers/auth.json"

    @property
    def docker(self) -> Path:
        return self.root / ".docker/config.json"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def asked(self) -> list[str]:
        """The servers that the helpers were asked for, in order."""
        log = self.root / "asked"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def environment(self) -> dict[str, str]:
        folders = {"HOME": str(self.root), "XDG_RUNTIME_DIR": str(self.root / "run")}
        return {**folders, "PATH": f"{self.bin}:/usr/bin:/bin", **self.more}

    def set(self, **more: object) -> Home:
        """The same home with more in the environment."""
        return Home(self.root, {**self.more, **{key: str(value) for key, value in more.items()}})

    def write(self, path: Path, content: str | bytes | dict[str, Any]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content) if isinstance(content, dict) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def helper(self, name: str, script: str) -> Path:
        """``docker-credential-NAME``: a shell script that finds the server in ``$server``; what it was asked is kept."""
        path = self.bin / f"docker-credential-{name}"
        head = f'#!/bin/sh\nserver=$(cat)\n[ "$*" = get ] || exit 9\necho "$server" >> {self.root}/asked\n'
        self.write(path, head + script)
        path.chmod(0o755)
        return path

    def store(self, name: str, **logins: tuple[str, str]) -> Path:
        """A helper that keeps these logins, by servers whose dots are written as ``_``."""
        cases = "".join(
            f"{json.dumps(server.replace('_', '.'))}) cat <<'E'\n"
            f"{json.dumps({'ServerURL': server, 'Username': login[0], 'Secret': login[1]})}\nE\n;;\n"
            for server, login in logins.items()
        )
        none = "*) echo 'credentials not found in native keychain'; exit 1;;\n"
        return self.helper(name, f'case "$server" in\n{cases}{none}esac\n')

    def credentials(self) -> Credentials:
        return Credentials(self.environment)

    def login(self, host: str, repository: str = "migration/vddk") -> Login | None:
        return self.credentials().login(host, repository)

    def user(self, host: str, repository: str = "migration/vddk") -> str | None:
        """The user's name alone."""
        found = self.login(host, repository)
        return found.username if found else None
