"""A blob's bytes on their way into an archive: counted, checked to their end, decompressed where that is asked for."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

from vddkctl.errors import ImageError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Task

_CHUNK = 1024 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

Write = Callable[[bytes | memoryview], None]


def copy(blob: Blob, write: Write, task: Task) -> None:
    """Write a blob's bytes. Raises RegistryError when they are not what its descriptor says."""
    with _opened(blob, task) as stream:
        for piece in _pieces(stream):
            write(piece)


def copy_unpacked(blob: Blob, diff_id: str, write: Write, task: Task) -> None:
    """Write the tar that a layer is, however it is compressed; its first bytes tell.

    Raises RegistryError when the blob is not what its descriptor says, ImageError when what is in it is not what
    ``diff_id`` says, is damaged, or is compressed with zstd.
    """
    where, digest = f"layer {blob.descriptor.digest}", hashlib.sha256()
    with _opened(blob, task) as packed:
        for piece in _unpacked(packed, where):
            digest.update(piece)
            write(piece)
    found = f"sha256:{digest.hexdigest()}"
    if found != diff_id:
        raise ImageError(f"it unpacks to {found}, and the image's config says {diff_id}", where=where)


def _opened(blob: Blob, task: Task) -> io.BufferedReader:
    return io.BufferedReader(_Counted(blob.source.open(), task), _CHUNK)


def _unpacked(packed: io.BufferedReader, where: str) -> Iterator[memoryview]:
    start = packed.peek(len(_ZSTD))
    if start.startswith(_ZSTD):
        raise ImageError(
            "it is compressed with zstd, and a docker-archive holds layers that are not compressed",
            where=where,
            hint="keep it as it is, with: --format oci-archive",
        )
    if not start.startswith(_GZIP):
        yield from _pieces(packed)
        return
    from isal import igzip, igzip_lib

    try:
        yield from _pieces(igzip.IGzipFile(fileobj=packed))  # type: ignore[no-untyped-call]
    except (EOFError, OSError, igzip_lib.IsalError) as error:  # type: ignore[misc]  # its stub says instance
        raise ImageError(f"its gzip stream is damaged: {error}", where=where) from None


def _pieces(stream: io.BufferedIOBase) -> Iterator[memoryview]:
    """Everything, in the same memory each time: a piece is to be used up before the next."""
    buffer = memoryview(bytearray(_CHUNK))
    while count := stream.readinto(buffer):
        yield buffer[:count]


class _Counted(io.RawIOBase):
    """Tells ``task`` what is read of ``stream``; closing it closes that."""

    def __init__(self, stream: BinaryIO, task: Task) -> None:
        self._stream = stream
        self._task = task

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        content = self._stream.read(len(buffer))
        memoryview(buffer)[: len(content)] = content
        self._task.advance(len(content))
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()
