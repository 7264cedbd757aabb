"""Replacing a file in one step: whoever reads it sees the old bytes or the new ones, also after a power cut."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from vddkctl.errors import ManifestError

_SUFFIX = ".tmp"
_LEFT = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")


def replace_file(path: Path, content: bytes, *, expected: bytes | None = None) -> None:
    """Write a file, keeping its mode and, where that is allowed, its owner.

    ``expected``: what it held when it was read. Raises ManifestError when it holds something else by now, and
    when the folder or the disk does not let it be written; the old file is whole then.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}{_SUFFIX}")
    try:
        try:
            with _created(temporary) as stream:
                _fill(stream, path, content)
                if expected is not None and path.read_bytes() != expected:
                    raise ManifestError(
                        "this file was changed while it was being edited; nothing is written",
                        where=str(path),
                        hint="plan again: vddkctl plan",
                    )
                os.replace(temporary, path)  # noqa: PTH105 - the name says what it does
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise ManifestError(f"this file cannot be written: {error.strerror}", where=str(path)) from None


def sweep(folder: Path) -> None:
    """Remove what runs that were killed have left in ``folder``; what is being written is locked, and stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFT.fullmatch(entry.name):
                _remove_if_left(Path(entry.path))


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _created(temporary: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    stream = os.fdopen(os.open(temporary, flags, 0o666), "wb")
    with contextlib.suppress(OSError):  # a file system without locks: then nothing is swept there either
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return stream


def _fill(stream: BinaryIO, path: Path, content: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        _take_over(stream.fileno(), path.stat())
    stream.write(content)
    stream.flush()
    os.fsync(stream.fileno())


def _take_over(descriptor: int, old: os.stat_result) -> None:
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):  # only root gives files away; Git does not either
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
