"""Keeping runs apart, with locks that the kernel lets go of when their process is gone.

A site's lock is held for a whole run. Two sites may share a folder of manifests, so the folder has one of its own, held
from reading a file to replacing it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from vddkctl.cluster.state_folder import folder_lock_path, make_state_folder, state_path
from vddkctl.errors import LockedError, ManifestError

_PAUSE = 0.01
"""Seconds between two attempts."""


def locked(folder: Path, site: str, holder: str) -> AbstractContextManager[None]:
    """Hold a site's lock. ``holder`` says who, for others. Raises LockedError, ManifestError."""
    return _held(state_path(folder, site, ".lock"), f"the site {site}", holder, 0)


def folder_locked(folder: Path, patience: float) -> AbstractContextManager[None]:
    """Hold the folder's lock, waiting ``patience`` seconds for it. Raises LockedError, ManifestError."""
    holder = f"a run on {os.uname().nodename}"
    return _held(folder_lock_path(folder), "the folder of manifests", holder, patience)


@contextmanager
def _held(path: Path, what: str, holder: str, patience: float) -> Iterator[None]:
    # The file stays when the lock goes: removing it could let two runs lock two files of the same name.
    make_state_folder(path)
    descriptor = _open(path)
    try:
        _take(descriptor, path, what, patience)
        with suppress(OSError):  # on a full disk it is held all the same, and nobody learns by whom
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{' '.join(holder.split())} (process {os.getpid()})\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise ManifestError(f"the lock cannot be opened: {error.strerror}", where=str(path)) from None


def _take(descriptor: int, path: Path, what: str, patience: float) -> None:
    end = time.monotonic() + patience
    while not _taken(descriptor, path):
        if time.monotonic() >= end:
            holder = os.pread(descriptor, 4096, 0).decode(errors="replace").strip() or "another run"
            raise LockedError(
                f"{what} is locked by {holder}",
                where=str(path),
                hint="wait until that run has ended; its lock goes with it",
            )
        time.sleep(_PAUSE)


def _taken(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise ManifestError(f"the lock cannot be taken: {error.strerror}", where=str(path)) from None
    return True
