"""Which file it is: enough to notice, without reading it, that it is no longer the same."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from vddkctl.build.archive.refusal import refused
from vddkctl.errors import ArchiveError


class FileIdentity(Struct, frozen=True):
    """A file as it was at one moment. ``path`` is absolute and free of links; times are nanoseconds.

    ``ctime_ns`` is the time of change that nobody can put back, other than ``mtime_ns``.
    """

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


def identify(path: Path) -> FileIdentity:
    """Look at the file, without opening it. Raises ArchiveError when there is none, or it is no regular file."""
    try:
        status = path.stat()
        resolved = str(path.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise refused(str(path), f"is {kind}", hint="name the vendor's .tar.gz file")
    return _identity(resolved, status)


def open_identified(path: Path, identity: FileIdentity) -> BinaryIO:
    """Open the file that ``identity`` names. Raises ArchiveError when another one is there by now."""
    try:
        # Non-blocking: a pipe put in the file's place must not hang.
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        check_unchanged(path, stream, identity)
    except BaseException:
        stream.close()
        raise
    return stream


def check_unchanged(path: Path, stream: BinaryIO, identity: FileIdentity) -> None:
    """Compare an open file with what it was. Raises ArchiveError when it was changed or replaced."""
    if _identity(identity.path, os.fstat(stream.fileno())) != identity:
        raise refused(
            str(path),
            "was changed meanwhile",
            hint="wait until it is completely there, and run again",
        )


def check_declared(actual: str, declared: str | None, label: str) -> None:
    """Compare a file's SHA-256 with the declared one (hexadecimal), if there is one. Raises ArchiveError."""
    if declared is not None and actual != declared.lower():
        raise refused(
            label,
            f"is not the declared file: its SHA-256 is {actual}, declared is {declared.lower()}",
            hint="download it again; if this is the right file, declare its checksum",
        )


def _identity(path: str, status: os.stat_result) -> FileIdentity:
    return FileIdentity(
        path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def _unreadable(path: Path, error: Exception) -> ArchiveError:
    if isinstance(error, FileNotFoundError):
        return refused(str(path), "there is no such file", hint="check the path; download the archive first")
    if isinstance(error, PermissionError):
        return refused(str(path), "no permission to read it", hint="make it readable for this user")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return refused(str(path), f"cannot be read: {reason}", hint="check the path and the disk")
