"""Compressed pieces of a layer: made in the archive's order, used in another, and never compressed twice.

Each piece is a gzip member of its own (RFC 1952, section 2.2), so pieces can be put in any order. Where a piece
ends depends only on the file it belongs to. The compressor is libdeflate: unlike zlib's replacements it gives the
same bytes on every CPU.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple

import deflate

PIECE = 1 << 20
"""Plain bytes in a piece. Larger ones hardly shrink more."""

LEVEL = 6


class Segment(NamedTuple):
    """A compressed piece in the segment file."""

    offset: int
    size: int


class SegmentFile:
    """Takes the contents of one file after another, and keeps them compressed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0
        self._piece = bytearray()

    def store(self, pieces: Iterator[memoryview], size: int) -> tuple[Segment, ...]:
        """Compress a file of ``size`` bytes, filled up to tar's block size."""
        segments: list[Segment] = []
        for view in pieces:
            data = view
            while data:
                room = PIECE - len(self._piece)
                self._piece += data[:room]
                data = data[room:]
                if len(self._piece) == PIECE:
                    segments.append(self._flush())
        self._piece += bytes(-size % tarfile.BLOCKSIZE)
        if self._piece:
            segments.append(self._flush())
        return tuple(segments)

    def read(self, segment: Segment) -> bytes:
        """A piece, compressed."""
        self._file.seek(segment.offset)
        return self._file.read(segment.size)

    def _flush(self) -> Segment:
        packed = deflate.gzip_compress(self._piece, LEVEL)
        self._piece.clear()
        self._file.write(packed)
        segment = Segment(self._end, len(packed))
        self._end += len(packed)
        return segment
