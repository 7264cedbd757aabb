"""A stretch of a blob as the body of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Task

_BLOCK = 256 * 1024


@dataclass(slots=True)
class Sent:
    """How far a blob has come: what is sent again does not count again."""

    task: Task | None = None
    _reached: int = field(default=0, init=False)

    def reach(self, offset: int) -> None:
        """All before ``offset`` was sent. Tells the task also when that is nothing new: it is a sign of life."""
        if self.task is not None:
            self.task.advance(max(0, offset - self._reached))
        self._reached = max(self._reached, offset)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``end`` of a blob; each iteration begins at ``start`` again, in pieces of one memory."""

    blob: Blob
    start: int
    end: int
    sent: Sent

    def __iter__(self) -> Iterator[memoryview]:
        """The pieces. Raises RegistryError when the blob cannot be read, or ends too early."""
        # An OSError would be taken for one of the connection on which the pieces go.
        try:
            yield from self._pieces()
        except OSError as error:
            where = str(error.filename or self.blob.descriptor.digest)
            raise RegistryError(f"its bytes cannot be read: {error.strerror or error}", where=where) from None

    def _pieces(self) -> Iterator[memoryview]:
        buffer = memoryview(bytearray(min(_BLOCK, max(1, self.end - self.start))))
        with closing(self.blob.source.open()) as stream:
            _advance(stream, self.start, buffer)
            position = self.start
            while position < self.end:
                count = _fill(stream, buffer[: self.end - position])
                if not count:
                    what, where = (
                        "it is shorter than it was when it was looked at",
                        self.blob.descriptor.digest,
                    )
                    raise RegistryError(what, where=where)
                yield buffer[:count]
                position += count
                self.sent.reach(position)


def _advance(stream: BinaryIO, count: int, buffer: memoryview) -> None:
    if count and stream.seekable():
        stream.seek(count)
        return
    while count > 0 and (read := _fill(stream, buffer[:count])):
        count -= read


def _fill(stream: BinaryIO, buffer: memoryview) -> int:
    readinto = getattr(stream, "readinto", None)
    if readinto is not None:
        return int(readinto(buffer) or 0)
    content = stream.read(len(buffer))
    buffer[: len(content)] = content
    return len(content)
