"""A base image with this machine's own Python, made on the spot: no registry and no network are needed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.support.witnesses import Podman
from vddkctl.demo.base import find_busybox

_COMMANDS = ("sh", "cat", "env", "id", "ls", "mkdir", "rm")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_NOT_NEEDED = shutil.ignore_patterns(
    "__pycache__", "test", "idlelib", "tkinter", "site-packages", "dist-packages", "*.a"
)


def make_python_base(podman: Podman, name: str) -> None:
    """Build an image ``name``: Python with its standard library below /usr/local, and a busybox."""
    context = podman.folder / "python-base"
    root = context / "root"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix)
    library = prefix / "lib" / version
    shutil.copytree(library, root / "usr/local/lib" / version, ignore=_NOT_NEEDED, symlinks=True)
    for folder in ("usr/local/bin", "bin", "etc", "tmp", "var/run", "root"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    program = (prefix / "bin" / version).resolve()
    shutil.copy(program, root / "usr/local/bin/python3")
    installed = Path(sys.prefix, "lib", version, "site-packages").rglob(
        "*.so"
    )  # what packages want of the system
    for path in _libraries([program, *library.glob("lib-dynload/*.so"), *installed]):
        target = root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    wheels = Path("/usr/share/python-wheels")  # where Debian keeps what ensurepip installs
    if wheels.is_dir():
        shutil.copytree(wheels, root / wheels.relative_to("/"))
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    shutil.copy(busybox, root / "bin/busybox")
    for command in _COMMANDS:
        (root / "bin" / command).symlink_to("busybox")
    (context / "Containerfile").write_text("FROM scratch\nCOPY root /\nENV PATH=/usr/local/bin:/bin\n")
    podman.build(context, name)


def _libraries(programs: Iterable[Path]) -> set[Path]:
    """The libraries of the system that they are linked with, by the names that they ask for (which may be links)."""
    words = ["ldd", *map(str, programs)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = {Path(match) for match in _LIBRARY.findall(done.stdout)}
    return {path for path in found if not path.is_relative_to(sys.prefix)}
