"""Exact reads from an iterator of chunks, without joining what need not be joined."""

from __future__ import annotations

from collections.abc import Iterator


class ByteStream:
    """Bytes in order. What is only skipped or passed on is never copied."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._view = memoryview(b"")
        self.position = 0

    def pieces(self, length: int) -> Iterator[memoryview]:
        """The next ``length`` bytes in pieces; fewer when the stream ends. Use each piece before the next."""
        while length > 0:
            if not self._view and not self._refill():
                return
            piece = self._view[:length]
            self._view = self._view[len(piece) :]
            self.position += len(piece)
            length -= len(piece)
            yield piece

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes; fewer when the stream ends."""
        return b"".join(self.pieces(length))

    def skip(self, length: int) -> bool:
        """Pass over ``length`` bytes; False when the stream ends before."""
        for piece in self.pieces(length):
            length -= len(piece)
        return length == 0

    def _refill(self) -> bool:
        chunk = next(self._chunks, None)
        while chunk is not None and not chunk:
            chunk = next(self._chunks, None)
        self._view = memoryview(chunk or b"")
        return chunk is not None
