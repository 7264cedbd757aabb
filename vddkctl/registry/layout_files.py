"""Writing files of a layout so that a reader never meets half of one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from vddkctl import atomic
from vddkctl.errors import RegistryError

_LOCK = ".vddkctl.lock"

_REASONS = {
    errno.ENOSPC: ("there is no space left", "free some, and run again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, and run again"),
    errno.EFBIG: (
        "the file may not become that large",
        "write to another file system, or look at the limit: ulimit -f",
    ),
    errno.EACCES: ("permission denied", "look at the owner and mode of the folder"),
    errno.EPERM: ("permission denied", "look at the owner and mode of the folder"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.ENOTDIR: ("it is not a folder", "choose another path"),
    errno.EEXIST: ("it is not a folder", "choose another path"),
}


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says about ``path`` into a RegistryError."""
    try:
        yield
    except OSError as error:
        what, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
        named = Path(error.filename) if isinstance(error.filename, str) else path
        # The names that only serve the writing say nothing to anyone.
        where = named.parent if named.name == _LOCK or atomic.is_temporary(named.name) else named
        raise RegistryError(what, where=str(where), hint=hint) from None


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[int]:
    """A descriptor to write to; ``target`` is the new file, readable by everyone, when the block ends well."""
    with atomic.replacing(target) as handle:
        yield handle
        os.fchmod(handle, 0o644)


def write(target: Path, content: bytes) -> None:
    """Replace a small file, in one step."""
    with replacing(target) as handle:
        atomic.write_all(handle, content)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, readable by everyone whatever the umask; keep one that is there."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(0o755)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other writers of this layout waiting."""
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with contextlib.suppress(PermissionError):  # It is another user's.
            os.fchmod(handle, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
