"""Copying a blob into a file, checked on the way, with the kernel doing the moving where it can."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from typing import BinaryIO

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Task

_CHUNK = 1024 * 1024
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}
"""What the kernel says where these two files cannot be copied without passing through here."""


def copy(blob: Blob, target: int, task: Task) -> None:
    """Write the blob's bytes to the open file ``target``.

    Raises RegistryError when they are not what the descriptor says: the source changed since it was looked at.
    """
    with _opened(blob) as source:
        digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK))
        by_kernel, copied = _is_plain_file(source), 0
        while True:
            moved = _move(source.fileno(), target, copied) if by_kernel else None
            by_kernel = by_kernel and moved is not None
            # What the kernel copied is read as well: a copy is only as good as its digest.
            count = _fill(source, buffer if moved is None else buffer[:moved])
            if moved is None:
                _write(target, buffer[:count])
            elif count != moved:
                raise _changed(blob)
            if not count:
                break
            digest.update(buffer[:count])
            copied += count
            task.advance(count)
    if copied != blob.descriptor.size or f"sha256:{digest.hexdigest()}" != blob.descriptor.digest:
        raise _changed(blob)


def _opened(blob: Blob) -> BinaryIO:
    try:
        return blob.source.open()
    except OSError as error:
        raise RegistryError(
            f"its bytes cannot be read: {error.strerror}", where=str(error.filename or blob.descriptor.digest)
        ) from None


def _is_plain_file(stream: BinaryIO) -> bool:
    """Whether the stream's bytes are exactly those of a file: a stream that decompresses has a file too."""
    raw = stream.raw if isinstance(stream, io.BufferedReader) else stream
    return isinstance(raw, io.FileIO) and stream.tell() == 0


def _move(source: int, target: int, offset: int) -> int | None:
    """Copy the next chunk inside the kernel; None where it cannot, or says that nothing is left."""
    try:
        return os.copy_file_range(source, target, _CHUNK, offset) or None
    except OSError as error:
        if error.errno in _NOT_HERE:
            return None
        raise


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


def _write(target: int, content: memoryview) -> None:
    while content:
        content = content[os.write(target, content) :]


def _changed(blob: Blob) -> RegistryError:
    return RegistryError(
        "its bytes are no longer what they were when it was looked at",
        where=blob.descriptor.digest,
        hint="something writes to the file it comes from; run again when that is done",
    )
