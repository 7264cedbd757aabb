"""Images that can be started: a real busybox, the sample's files, and whatever entrypoint a test wants."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.verify.made import Layout, RawLayer, as_it_is, file, folder, link, stored, tar, vendor_archive
from vddkctl.demo.base import find_busybox
from vddkctl.oci.platform import ARCHITECTURES
from vddkctl.progress import Silent
from vddkctl.verify import Trial, Verification

MACHINE = os.uname().machine
PLATFORM = f"linux/{ARCHITECTURES[MACHINE]}"


def base() -> RawLayer:
    """A busybox with what scripts in these tests use."""
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    names = ("cat", "chmod", "cp", "echo", "grep", "id", "ln", "mkdir", "rm", "sh", "sleep", "touch")
    return stored(
        tar(
            folder("bin"),
            file("bin/busybox", busybox.read_bytes(), 0o755),
            *(link(f"bin/{name}", "busybox") for name in names),
            folder("opt"),
            folder("tmp", 0o1777),
        )
    )


def podman_settings(folder: Path) -> Path | None:
    """A containers.conf with which podman starts containers here; None when there is none.

    Where crun cannot, for cgroups that are of two versions at once, say, runc may.
    """
    settings = folder / "containers.conf"
    for name in ("crun", "runc"):
        program = shutil.which(name)
        if program is None:
            continue
        settings.write_text(f'[engine]\nruntime = "{program}"\n')
        if _starts(program):
            return settings
    return None


@cache
def _starts(program: str) -> bool:
    """Whether podman starts a container with it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        layout = Layout(root)
        layout.put(base(), as_it_is(vendor_archive(root)), platform=PLATFORM, Env=["PATH=/bin"])
        (root / "containers.conf").write_text(f'[engine]\nruntime = "{program}"\n')
        environment = {**os.environ, "CONTAINERS_CONF": str(root / "containers.conf")}
        verification = layout.verify(trial=Trial("podman", 60, environment, Silent()))
    return not any("cannot start it" in check.message for check in verification.checks)


def tried(layout: Layout, runtime: str, timeout: float = 60, **more: Any) -> Verification:
    """What a verification with a trial says."""
    return layout.verify(trial=Trial(runtime, timeout, os.environ, Silent()), **more)


def script(text: str) -> list[str]:
    """An entrypoint."""
    return ["/bin/sh", "-c", text]


def left_in(folder: Path) -> list[str]:
    """What trials have left in the folder for temporary files."""
    return sorted(path.name for path in folder.iterdir())
