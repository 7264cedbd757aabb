"""A file system that keeps no symbolic links: exFAT, as on memory cards and disks that go between machines."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = 64 << 20


@contextmanager
def exfat(folder: Path) -> Iterator[None]:
    """Mount one, empty, at a new folder. Only root may."""
    folder.mkdir()
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(_SIZE)
    _run("mkfs.exfat", str(image))
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        _run("mount.exfat-fuse", device, str(folder))
        try:
            yield
        finally:
            _run("umount", str(folder))
    finally:
        _run("losetup", "--detach", device)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout
