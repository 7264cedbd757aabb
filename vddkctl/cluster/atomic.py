"""Replacing a manifest or a record in one step, unless someone else has written it in the meantime."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from vddkctl.atomic import replacing, sync_folder, write_all
from vddkctl.errors import ManifestError


def replace_file(path: Path, content: bytes, *, expected: bytes | None = None) -> None:
    """Write a file, keeping its mode and, where that is allowed, its owner.

    ``expected``: what it held when it was read. Raises ManifestError when it holds something else by now, and
    when the folder or the disk does not let it be written; the old file is whole then.
    """

    def last_look() -> None:
        if expected is not None and path.read_bytes() != expected:
            raise ManifestError(
                "this file was changed while it was being edited; nothing is written",
                where=str(path),
                hint="plan again: vddkctl plan",
            )

    try:
        with replacing(path, mode=0o666, last_look=last_look) as handle:
            with contextlib.suppress(FileNotFoundError):
                _take_over(handle, path.stat())
            write_all(handle, content)
        sync_folder(path.parent)
    except OSError as error:
        raise ManifestError(f"this file cannot be written: {error.strerror}", where=str(path)) from None


def _take_over(descriptor: int, old: os.stat_result) -> None:
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):  # only root gives files away; Git does not either
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
