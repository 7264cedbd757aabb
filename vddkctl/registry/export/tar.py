"""Writing a tar file whose entries need not say beforehand how long they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vddkctl.atomic import write_all

_BLOCK = 512


class TarWriter:
    """Writes to an open file that is empty and can be written anywhere. The same entries give the same bytes.

    Everything raises OSError.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._end = 0

    @contextmanager
    def entry(self, name: str) -> Iterator[Callable[[bytes | memoryview], None]]:
        """A function that writes to a new file in the archive; its header is written when the block ends."""
        start, size = self._end, 0

        def write(content: bytes | memoryview) -> None:
            nonlocal size
            write_all(self._handle, content)
            size += len(content)

        write_all(self._handle, bytes(_BLOCK))
        yield write
        padding = -size % _BLOCK
        write_all(self._handle, bytes(padding))
        os.pwrite(self._handle, _header(name, size), start)
        self._end = start + _BLOCK + size + padding

    def add(self, name: str, content: bytes) -> None:
        """Write a whole file."""
        with self.entry(name) as write:
            write(content)

    def close(self) -> None:
        """Write the end, without which readers take the archive for a part of one."""
        write_all(self._handle, bytes(2 * _BLOCK))


def _header(name: str, size: int) -> bytes:
    import tarfile

    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
