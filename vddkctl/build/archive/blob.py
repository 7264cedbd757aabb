"""Where a layer's bytes come from when they are pushed: the archive itself, or a file that is held open."""

from __future__ import annotations

import hashlib
import io
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO

from vddkctl.build.archive.identity import FileIdentity, open_identified
from vddkctl.build.archive.refusal import refused


class FileBlob:
    """A file that must still be the one it was: opening it raises ArchiveError when it was changed or replaced."""

    def __init__(self, path: Path, identity: FileIdentity) -> None:
        self.path = path
        self._identity = identity

    def open(self) -> BinaryIO:
        """A stream of the file from its start; the caller closes it."""
        return open_identified(self.path, self._identity)


class HeldBlob:
    """A file that is held open, so that nothing done to its name matters. It is closed with this object.

    ``digest``, when given, is checked once, before the first stream is handed out (a file from a cache may have
    been damaged since); ``forget`` is then called if it is another one, and ArchiveError raised.
    """

    def __init__(
        self, stream: IO[bytes], digest: str | None = None, forget: Callable[[], None] | None = None
    ) -> None:
        self._number = os.dup(stream.fileno())
        self._unchecked = digest
        self._forget = forget
        weakref.finalize(self, os.close, self._number)

    def open(self) -> BinaryIO:
        """A stream of the file from its start; the caller closes it."""
        if self._unchecked is not None:
            self._check(self._unchecked)
            self._unchecked = None
        return io.BufferedReader(_Positioned(self, self._number), 1 << 20)

    def _check(self, digest: str) -> None:
        with io.BufferedReader(_Positioned(self, self._number), 1 << 20) as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
        if f"sha256:{actual}" != digest:
            if self._forget is not None:
                self._forget()
            what = f"the kept layer {digest} is damaged; it was removed"
            raise refused("cache", what, hint="run again: it is made anew from the archive")


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
