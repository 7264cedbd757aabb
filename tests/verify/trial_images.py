"""Images that can be started: a real busybox, the sample's files, and whatever entrypoint a test wants."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tests.verify.made import Layout, RawLayer, file, folder, link, stored, tar
from vddkctl.demo.base import find_busybox
from vddkctl.oci.platform import ARCHITECTURES
from vddkctl.progress import Silent
from vddkctl.verify import Trial, Verification

MACHINE = os.uname().machine
PLATFORM = f"linux/{ARCHITECTURES[MACHINE]}"
ENGINES = tuple(name for name in ("podman", "buildah") if shutil.which(name))


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


def tried(layout: Layout, runtime: str = "buildah", timeout: float = 60, **more: Any) -> Verification:
    """What a verification with a trial says."""
    return layout.verify(trial=Trial(runtime, timeout, os.environ, Silent()), **more)


def script(text: str) -> list[str]:
    """An entrypoint."""
    return ["/bin/sh", "-c", text]


def left_in(folder: Path) -> list[str]:
    """What trials have left in the folder for temporary files."""
    return sorted(path.name for path in folder.iterdir())
