"""A compressed tar's two streams, read once: the bytes as they are, and the plain tar inside. Hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from vddkctl.build.archive.ahead import Ahead
from vddkctl.build.archive.identity import FileIdentity, check_unchanged, open_identified
from vddkctl.build.archive.inflate import Inflater
from vddkctl.build.archive.refusal import refused
from vddkctl.progress import Task

READ = 256 << 10


class Unpacker(Protocol):
    """Makes plain bytes of packed ones."""

    padding: int
    """Zero bytes behind the packed stream."""

    def chunks(self, source: Iterator[bytes]) -> Iterator[bytes]:
        """Plain bytes, in pieces."""
        ...


class PlainStream:
    """Iterates over the plain bytes of ``packed``. The digests and counts are complete when the iteration is.

    ``packed`` comes from a file, from a registry, from anywhere; it is used and closed in a thread of its own.
    """

    def __init__(self, packed: Generator[bytes, None, None], unpacker: Unpacker, task: Task) -> None:
        self._packed, self._unpacker, self._task = packed, unpacker, task
        # "usedforsecurity": a name for what is published, so it must work on FIPS machines as well.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._plain = hashlib.sha256()
        self._chunks: Iterator[bytes] = iter(())
        self.size = 0
        self.unpacked_size = 0

    @contextmanager
    def running(self) -> Iterator[PlainStream]:
        """Reading and hashing the packed bytes, unpacking, and the reader's own work each run in a thread."""
        with Ahead(self._hashed()) as packed, Ahead(self._unpacker.chunks(packed)) as plain:
            try:
                self._chunks = plain
                yield self
            finally:
                # The unpacker may be waiting for the reader of the packed bytes: that one must stop first.
                packed.stop()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._plain.update(chunk)
        self.unpacked_size += len(chunk)
        return chunk

    @property
    def sha256(self) -> str:
        """Of the packed bytes, hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """Of the packed bytes, hexadecimal."""
        return self._md5.hexdigest()

    @property
    def diff_id(self) -> str:
        """``sha256:<hex>`` of the plain bytes."""
        return f"sha256:{self._plain.hexdigest()}"

    @property
    def padding(self) -> int:
        """Zero bytes behind the packed stream."""
        return self._unpacker.padding

    def _hashed(self) -> Iterator[bytes]:
        with closing(self._packed):
            for data in self._packed:
                self._sha256.update(data)
                self._md5.update(data)
                self.size += len(data)
                self._task.advance(len(data))
                yield data


@contextmanager
def plain_stream(path: Path, identity: FileIdentity, task: Task) -> Iterator[PlainStream]:
    """Read the archive ``identity`` names. When the block ends well, the file is still that one.

    Raises ArchiveError for a file that cannot be read, is not whole gzip, or changes meanwhile.
    """
    with open_identified(path, identity) as file:
        with PlainStream(_contents(file, path), Inflater(str(path)), task).running() as stream:
            yield stream
        check_unchanged(path, file, identity)


def _contents(file: BinaryIO, path: Path) -> Generator[bytes, None, None]:
    while True:
        try:
            data = file.read(READ)
        except OSError as error:
            hint = "check the disk, or copy the file to another one"
            raise refused(str(path), f"cannot be read: {error.strerror}", hint=hint) from error
        if not data:
            return
        yield data
