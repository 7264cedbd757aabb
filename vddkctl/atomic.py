"""Replacing a file in one step: whoever reads it sees the old bytes or the new ones, also after a power cut.

A temporary file is locked as long as it is written, so that a dead writer's can be told from a living one's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

_TEMPORARY = re.compile(r"\.vddkctl-[0-9a-f]{16}")


@contextlib.contextmanager
def replacing(
    target: Path, *, mode: int = 0o600, last_look: Callable[[], None] = lambda: None
) -> Iterator[int]:
    """A descriptor to write to; ``target`` is the new file when the block ends well, untouched otherwise.

    ``mode`` is narrowed by the umask. ``last_look`` is called when everything is on the disk but the new name: what
    it raises stops the replacing. Raises OSError.
    """
    temporary, handle = _created_beside(target, mode)
    try:
        yield handle
        os.fsync(handle)
        last_look()
        os.replace(temporary, target)  # noqa: PTH105 - the name says what it does
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(handle)


def is_temporary(name: str) -> bool:
    """Whether a file's name is one that :func:`replacing` gives."""
    return _TEMPORARY.fullmatch(name) is not None


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left in ``folder``; what is being written is locked, and stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if is_temporary(entry.name):
                _remove_if_left(Path(entry.path))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_all(handle: int, content: bytes | memoryview) -> None:
    """Write all of it, however little the system takes at a time. Raises OSError."""
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def _created_beside(target: Path, mode: int) -> tuple[Path, int]:
    while True:
        temporary = target.with_name(f".vddkctl-{secrets.token_hex(8)}")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with contextlib.suppress(OSError):  # a file system without locks: nothing is swept there either
                fcntl.flock(handle, fcntl.LOCK_EX)
            # A sweep may have come between the two lines above; it takes the name away.
            if temporary.exists():
                return temporary, handle
        except BaseException:
            temporary.unlink(missing_ok=True)
            os.close(handle)
            raise
        os.close(handle)


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(handle)
