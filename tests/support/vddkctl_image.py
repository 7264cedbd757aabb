"""vddkctl's own image, and commands in it: buildah runs them, in a root of their own and on this machine's network."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Completed
from tests.support.python_base import make_python_base
from tests.support.wheels import make_wheels
from tests.support.witnesses import Podman, witnesses

NAME = "localhost/vddkctl:test"
_BASE = "localhost/python:test"


@dataclass(frozen=True)
class VddkctlImage:
    """The image, in the storage of ``podman``."""

    podman: Podman
    container: str

    def config(self) -> dict[str, Any]:
        """What the image says of itself."""
        found: dict[str, Any] = json.loads(self.podman("inspect", NAME))[0]["Config"]
        return found

    def run(
        self,
        *words: str,
        user: str = "",
        env: Mapping[str, str] | None = None,
        volumes: Mapping[Path, str] | None = None,
        writable: Collection[Path] = (),
    ) -> Completed:
        """Run a command in it. ``volumes`` are folders of this machine and where they are seen, most of them read-only."""
        options = [f"--env={name}={value}" for name, value in (env or {}).items()]
        options += [
            f"--volume={path}:{seen}:{'rw' if path in writable else 'ro'}"
            for path, seen in (volumes or {}).items()
        ]
        options += [f"--user={user}"] if user else []
        done = subprocess.run(
            ["buildah", "run", "--isolation=chroot", *options, self.container, "--", *words],
            env=dict(self.podman.environment),
            cwd=self.podman.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def said(self, done: Completed) -> str:
        """What the command wrote on its standard error, without what buildah says of its end."""
        lines = done.err.splitlines()
        return "\n".join(line for line in lines if not re.match("subprocess exited|Error: exit status", line))


@contextmanager
def build_vddkctl(folder: Path) -> Iterator[VddkctlImage]:
    """Build it from the Containerfile: packages come from a folder, not from a network."""
    with witnesses(folder / "podman", driver="overlay") as (_, podman):
        make_python_base(podman, _BASE)
        wheels = make_wheels(folder / "wheels", "vddkctl", "hatchling")
        podman.build(
            ROOT,
            NAME,
            *("--file", str(ROOT / "Containerfile"), "--build-arg", f"BASE={_BASE}"),
            *(
                "--build-arg=PIP_NO_INDEX=1",
                "--build-arg=PIP_FIND_LINKS=/wheels",
                f"--volume={wheels}:/wheels:ro",
            ),
        )
        made = subprocess.run(
            ["buildah", "from", "--pull-never", NAME],
            env=dict(podman.environment),
            capture_output=True,
            text=True,
            check=True,
        )
        container = made.stdout.strip()
        try:
            yield VddkctlImage(podman, container)
        finally:
            subprocess.run(
                ["buildah", "rm", container], env=dict(podman.environment), check=True, capture_output=True
            )
