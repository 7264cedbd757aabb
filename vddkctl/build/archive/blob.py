"""Where a layer's bytes come from when they are pushed: the archive itself, or a file that is held open."""

from __future__ import annotations

import io
import os
import weakref
from pathlib import Path
from typing import IO, BinaryIO

from vddkctl.build.archive.identity import FileIdentity, open_identified


class FileBlob:
    """A file that must still be the one it was: opening it raises ArchiveError when it was changed or replaced."""

    def __init__(self, path: Path, identity: FileIdentity) -> None:
        self.path = path
        self._identity = identity

    def open(self) -> BinaryIO:
        """A stream of the file from its start; the caller closes it."""
        return open_identified(self.path, self._identity)


class HeldBlob:
    """A file that is held open, so that nothing done to its name matters. It is closed with this object."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._number = os.dup(stream.fileno())
        weakref.finalize(self, os.close, self._number)

    def open(self) -> BinaryIO:
        """A stream of the file from its start; the caller closes it."""
        return io.BufferedReader(_Positioned(self, self._number), 1 << 20)


class _Positioned(io.RawIOBase):
    """Reads an open file from the start, with a position of its own."""

    def __init__(self, owner: HeldBlob, number: int) -> None:
        self._owner = owner  # keeps the file open
        self._number = number
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = os.preadv(self._number, [buffer], self._position)
        self._position += count
        return count
