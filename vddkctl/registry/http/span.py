"""Stretches of a blob as the bodies of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Task

_BLOCK = 256 * 1024


@dataclass(slots=True)
class Sent:
    """How far a blob has come: what is sent again does not count again."""

    task: Task
    _reached: int = field(default=0, init=False)

    def reach(self, offset: int) -> None:
        """All before ``offset`` was sent. The task hears of it also when that is nothing new: a sign of life."""
        self.task.advance(max(0, offset - self._reached))
        self._reached = max(self._reached, offset)


class Spans:
    """Reads a blob in stretches. One that follows on the last is read on, since the blob may come from afar."""

    def __init__(self, blob: Blob, sent: Sent) -> None:
        self._blob = blob
        self._sent = sent
        self._buffer = memoryview(bytearray(max(1, min(_BLOCK, blob.descriptor.size))))
        self._stream: BinaryIO | None = None
        self._position = 0

    def __enter__(self) -> Spans:
        """Close it in the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def span(self, start: int, end: int) -> Iterator[memoryview]:
        """The bytes from ``start`` to ``end``, in pieces of one memory.

        Raises RegistryError when the blob cannot be read, or ends too early.
        """
        # An OSError would be taken for one of the connection on which the pieces go.
        try:
            yield from self._pieces(start, end)
        except OSError as error:
            where = str(error.filename or self._blob.descriptor.digest)
            raise RegistryError(f"its bytes cannot be read: {error.strerror or error}", where=where) from None

    def _pieces(self, start: int, end: int) -> Iterator[memoryview]:
        stream = self._opened_at(start)
        while self._position < end:
            count = self._read(stream, end)
            if not count:
                what, where = "it is shorter than it was when it was looked at", self._blob.descriptor.digest
                raise RegistryError(what, where=where)
            yield self._buffer[:count]
            self._sent.reach(self._position)

    def _opened_at(self, start: int) -> BinaryIO:
        if self._stream is None or self._position > start:
            self._close()
            self._stream = self._blob.source.open()
        if self._position < start and self._stream.seekable():
            self._position = self._stream.seek(start)
        while self._position < start and self._read(self._stream, start):
            pass
        return self._stream

    def _read(self, stream: BinaryIO, end: int) -> int:
        """Read into the buffer, up to the byte ``end`` of the blob."""
        buffer = self._buffer[: end - self._position]
        readinto = getattr(stream, "readinto", None)
        if readinto is not None:
            count = int(readinto(buffer) or 0)
        else:
            content = stream.read(len(buffer))
            count = len(content)
            buffer[:count] = content
        self._position += count
        return count

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream, self._position = None, 0
