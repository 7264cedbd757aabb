"""The folder that an engine builds in: one of our own, inside the one that is named, and gone in the end."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vddkctl.errors import BuildError

_PREFIX = "vddkctl-build-"
_LOCK = "lock"


@contextmanager
def workspace(folder: Path | None, needed: int, what: str) -> Iterator[Path]:
    """A new folder below ``folder`` (where temporary files go, if None), on a disk with ``needed`` bytes.

    What lies in ``folder`` is never touched. It is made if it is not there, and then removed again. Raises BuildError,
    which ``what`` gives its place.
    """
    parent = folder or Path(tempfile.gettempdir())
    try:
        made = _made(parent)
        new = parent / f"{_PREFIX}{secrets.token_hex(6)}"  # a part of the names that images get
        new.mkdir(mode=0o700)
    except OSError as error:
        raise BuildError(
            f"nothing can be built there: {error.strerror}", where=f"{what}: {parent}", hint="set buildDir"
        ) from None
    try:
        with (new / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            check_space(new, needed, what)
            _check_links(new, what)
            yield new
    finally:
        _remove(new)
        for each in made:
            with suppress(OSError):
                each.rmdir()


def check_space(folder: Path, needed: int, what: str, other: str = "") -> None:
    """Raise BuildError where a disk has less room than ``needed`` bytes. ``other`` is what to do else."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BuildError(
            f"the build needs about {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free",
            where=f"{what}: {folder}",
            hint=f"make room there, or {other or 'name a folder on another disk with buildDir'}",
        )


def _remove(folder: Path) -> None:
    """Remove a folder, and what is in it; some folders of an archive may not be written to."""
    for root, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(root, name)
            if not inner.is_symlink():
                with suppress(OSError):
                    inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> list[Path]:
    """Make a folder with its parents; those that were not there, the innermost first."""
    missing = []
    each = folder
    while not each.exists():
        missing.append(each)
        each = each.parent
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _check_links(folder: Path, what: str) -> None:
    """An image whose links are copies, or text files, passes Forklift's own check and fails in the migration."""
    link = folder / "link"
    try:
        link.symlink_to("nowhere")
        kept = link.is_symlink() and os.readlink(link) == "nowhere"  # noqa: PTH115 - as it stands
        link.unlink()
    except OSError:
        kept = False
    if not kept:
        raise BuildError(
            "this file system keeps no symbolic links, and VDDK's libraries need them",
            where=f"{what}: {folder.parent}",
            hint="name a folder on another file system with buildDir, or use builder: native",
        )


def swept(parent: Path | None) -> list[str]:
    """Remove what killed runs have left: folders of ours that nobody holds the lock of. Returns their names."""
    gone = []
    for folder in (parent or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.geteuid() or folder.is_symlink():
                continue
            with (folder / _LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
                gone.append(folder.name)
    return gone
