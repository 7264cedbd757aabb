"""Copying a blob into a file, checked on the way, and checking one that is there."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import BinaryIO

from vddkctl.atomic import write_all
from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Task

_CHUNK = 1024 * 1024


def copy(blob: Blob, target: int, task: Task) -> None:
    """Write the blob's bytes to the open file ``target``. They are read once: what is hashed is what is written.

    Raises RegistryError when they are not what the descriptor says: the source changed since it was looked at.
    """
    digest, buffer, copied = hashlib.sha256(), memoryview(bytearray(_CHUNK)), 0
    with _opened(blob) as source:
        while count := _fill(source, buffer):
            digest.update(buffer[:count])
            write_all(target, buffer[:count])
            copied += count
            if copied > blob.descriptor.size:
                break
            task.advance(count)
    if copied != blob.descriptor.size or f"sha256:{digest.hexdigest()}" != blob.descriptor.digest:
        raise _changed(blob)


def digest_of_file(path: Path, task: Task) -> str:
    """The digest of a file's bytes. Raises OSError."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as source:
        while count := _fill(source, buffer):
            digest.update(buffer[:count])
            task.advance(count)
    return f"sha256:{digest.hexdigest()}"


def _opened(blob: Blob) -> BinaryIO:
    try:
        return blob.source.open()
    except OSError as error:
        raise RegistryError(
            f"its bytes cannot be read: {error.strerror}", where=str(error.filename or blob.descriptor.digest)
        ) from None


def _fill(source: BinaryIO, buffer: memoryview) -> int:
    """Read into the same memory each time (new memory costs more than the reading), until it is full."""
    filled = 0
    while filled < len(buffer):
        if isinstance(source, io.RawIOBase | io.BufferedIOBase):
            count = source.readinto(buffer[filled:]) or 0
        else:
            content = source.read(len(buffer) - filled)
            count = len(content)
            buffer[filled : filled + count] = content
        if not count:
            break
        filled += count
    return filled


def _changed(blob: Blob) -> RegistryError:
    return RegistryError(
        "its bytes are no longer what they were when it was looked at",
        where=blob.descriptor.digest,
        hint="something writes to the file it comes from; run again when that is done",
    )
