"""Keeping two runs for one site apart, with a lock that the kernel lets go of when its process is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vddkctl.cluster.state_folder import make_state_folder, state_path
from vddkctl.errors import LockedError, ManifestError


@contextmanager
def locked(folder: Path, site: str, holder: str) -> Iterator[None]:
    """Hold a site's lock. ``holder`` says who, for others. Raises LockedError, ManifestError.

    The file stays when the lock goes: removing it could let two runs lock two files of the same name.
    """
    path = state_path(folder, site, ".lock")
    make_state_folder(path)
    descriptor = _open(path)
    try:
        _take(descriptor, path, site)
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


def _take(descriptor: int, path: Path, site: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 4096, 0).decode(errors="replace").strip() or "another run"
        raise LockedError(
            f"the site {site} is locked by {holder}",
            where=str(path),
            hint="wait until that run has ended; its lock goes with it",
        ) from None
    except OSError as error:
        raise ManifestError(f"the lock cannot be taken: {error.strerror}", where=str(path)) from None
