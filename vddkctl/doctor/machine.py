"""This machine: container engines, room to build in, links."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from vddkctl.build.engines.engine import Name, engine
from vddkctl.build.engines.process import Program
from vddkctl.doctor.check import Check, Status, tried
from vddkctl.errors import BuildError

ENGINES = "engines"
DISK = "disk"
_ROOM = 500_000_000
"""Bytes that a build of the largest archive so far takes, about: three times what it unpacks to."""


def engines(environment: Mapping[str, str], needed: Collection[str]) -> Iterator[Check]:
    """podman, docker and buildah. One that ``needed`` names has to work; ``auto`` in it needs any of the first two."""
    found = [check for name in ("podman", "docker") for check in _engine(name, environment, needed)]
    yield from found
    path = shutil.which("buildah", path=environment.get("PATH"))
    if path is None:
        yield Check(ENGINES, "buildah", Status.SKIP, "not on the path", "only image verify --run may want it")
    else:
        program = Program(path, environment)
        yield from tried(ENGINES, "buildah", lambda: program.run(["--version"], "buildah").strip())
    if not any(check.status is Status.PASS for check in found):
        status = Status.FAIL if "auto" in needed else Status.WARN
        text = "neither podman nor docker works here"
        yield Check(ENGINES, "any", status, text, "builder: native needs neither; a Dockerfile needs one")


def _engine(name: Name, environment: Mapping[str, str], needed: Collection[str]) -> Iterator[Check]:
    bad = Status.FAIL if name in needed else Status.WARN
    found = engine(name, environment)
    if found is None:
        status = bad if name in needed else Status.SKIP
        yield Check(ENGINES, name, status, "not on the path", f"install {name}" if name in needed else "")
        return
    try:
        yield Check(ENGINES, name, Status.PASS, f"{name} {found.ready()}")
    except BuildError as error:
        hint = error.hint or f"does this work: {name} info?"
        yield Check(ENGINES, name, bad, error.what.splitlines()[-1].strip(), hint)


def disk(folders: Mapping[str, Path], needed: int | None) -> Iterator[Check]:
    """Room and links in each folder, by its name; ``needed`` bytes (None: what builds take at the most so far)."""
    for name, folder in folders.items():
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        wanted = needed or _ROOM
        free = shutil.disk_usage(there).free
        text = f"{folder}: {_mb(free)} free"
        if free < wanted:
            yield Check(
                DISK,
                name,
                Status.FAIL,
                f"{text}, a build needs about {_mb(wanted)}",
                "make room, or set buildDir",
            )
        else:
            yield Check(DISK, name, Status.PASS, text)
        yield from _links(name, there)


def _links(name: str, folder: Path) -> Iterator[Check]:
    name = f"{name}, links"
    if not os.access(folder, os.W_OK):
        yield Check(DISK, name, Status.FAIL, f"{folder} cannot be written to", "set buildDir, or TMPDIR")
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".vddkctl-links-", dir=folder) as new:
            link = Path(new, "link")
            link.symlink_to("nowhere")
            kept = link.is_symlink() and str(link.readlink()) == "nowhere"
    except OSError:
        kept = False
    if kept:
        yield Check(DISK, name, Status.PASS, "symbolic links are kept")
    else:
        yield Check(
            DISK,
            name,
            Status.FAIL,
            f"{folder} keeps no symbolic links",
            "build on another file system (buildDir)",
        )


def _mb(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
