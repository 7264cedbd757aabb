"""Writes tar.gz files of any size fast, with the same bytes each time: headers as told, contents mostly filler.

The filler shrinks about as machine code does. A few blocks of it are compressed once and repeated, each as a gzip
member of its own (RFC 1952, section 2.2), so a gigabyte takes no longer than writing it.
"""

from __future__ import annotations

import random
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import deflate
from msgspec import Struct, field

BLOCK = 1 << 20
RATIO = 2.4
"""How much the filler shrinks: the vendor's archives shrink by as much."""

_BLOCKS = 8
_TYPES = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "device": tarfile.CHRTYPE,
    "fifo": tarfile.FIFOTYPE,
}


class Item(Struct, frozen=True):
    """One entry: ``data``, and ``fill`` bytes of filler behind it. ``kind`` is a key of tar's own types."""

    name: str
    kind: str = "file"
    data: bytes = b""
    fill: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 1_680_000_000
    link: str = ""
    pax: Mapping[str, str] = field(default_factory=dict)


def write_archive(path: Path, items: Iterable[Item], *, end: bool = True, level: int = 6) -> Path:
    """Write the items, in their order, as tar.gz. ``end`` False leaves tar's end mark out."""
    filler = _Filler(level)
    pending = bytearray()
    with path.open("wb") as file:
        for item in items:
            pending += _header(item) + item.data
            if len(pending) + item.fill > BLOCK:
                file.write(deflate.gzip_compress(pending, level))
                pending.clear()
                for block in filler.whole_blocks(item.fill):
                    file.write(block)
            pending += filler.rest(item.fill % BLOCK)
            pending += bytes(-(len(item.data) + item.fill) % tarfile.BLOCKSIZE)
        pending += bytes(2 * tarfile.BLOCKSIZE) if end else b""
        file.write(deflate.gzip_compress(pending, level))
    return path


def _header(item: Item) -> bytes:
    info = tarfile.TarInfo(item.name)
    info.type = _TYPES[item.kind]
    info.size = len(item.data) + item.fill
    info.mode, info.uid, info.gid, info.mtime = item.mode, item.uid, item.gid, item.mtime
    info.linkname = item.link
    info.pax_headers = dict(item.pax)
    return info.tobuf(tarfile.PAX_FORMAT if item.pax else tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


class _Filler:
    """Blocks of filler, made when they are first needed."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._plain: list[bytes] = []
        self._packed: list[bytes] = []
        self._next = 0

    def whole_blocks(self, size: int) -> Iterator[bytes]:
        """As many compressed blocks as fit into ``size`` bytes of filler."""
        for _ in range(size // BLOCK):
            number = self._next % _BLOCKS
            self._next += 1
            while number >= len(self._packed):
                self._packed.append(bytes(deflate.gzip_compress(self._block(len(self._packed)), self._level)))
            yield self._packed[number]

    def rest(self, size: int) -> bytes:
        """Plain filler of less than a block."""
        return self._block(self._next % _BLOCKS)[:size] if size else b""

    def _block(self, number: int) -> bytes:
        while number >= len(self._plain):
            self._plain.append(_filler(len(self._plain)))
        return self._plain[number]


def _filler(seed: int) -> bytes:
    """Words of random bytes in random order: the longer the words, the better it shrinks."""
    chance = random.Random(seed)  # noqa: S311 - filler, not a secret
    words = [chance.randbytes(chance.randrange(4, 18)) for _ in range(1850)]
    block = bytearray()
    while len(block) < BLOCK:
        block += b"".join(chance.choices(words, k=1024))
    return bytes(block[:BLOCK])
