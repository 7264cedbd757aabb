"""A tar stream, entry by entry, strict about damage.

``tarfile`` stops silently at the first broken header and would hide what comes after it. Here only a zero block
ends the archive. Formats: ustar and pax (POSIX.1-2017, pax), GNU long names and sparse files.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.build.archive import pax
from vddkctl.build.archive.bounds import Bounds, Limits
from vddkctl.build.archive.bytestream import ByteStream
from vddkctl.build.archive.refusal import DOWNLOAD_AGAIN, refused
from vddkctl.build.archive.sparse import SparseMap, old_gnu, pax_sparse
from vddkctl.build.archive.unusual import Reasons, unusual
from vddkctl.errors import ArchiveError

BLOCK = 512

MAX_EXTENSION = 1 << 20
"""A pax header or a long name is read into memory; real ones have a few hundred bytes."""

Kind = Literal["file", "folder", "symlink", "hardlink", "device", "fifo", "other"]

_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"S": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "fifo",
}
_HAS_DATA = ("file", "other")
_EXTENSIONS = (b"L", b"K", b"x", b"X", b"g")
_XATTRS = ("SCHILY.xattr.", "LIBARCHIVE.xattr.")
_KEYS = frozenset({"path", "linkpath", "size", "uid", "gid", "mtime", "GNU.sparse.name"})
"""What is read of a pax header, next to extended attributes; the rest is not kept."""


class Entry(Struct, frozen=True):
    """One entry, as the archive has it. ``size`` is the unpacked file's, in bytes; ``mtime`` is in seconds.

    ``unusual`` are reasons why runtimes refuse it, or unpack something else than tar does.
    """

    name: str
    kind: Kind
    size: int
    mode: int
    uid: int
    gid: int
    mtime: int
    link: str
    sparse: bool = False
    xattrs: tuple[str, ...] = ()
    unusual: Reasons = ()


class TarStream:
    """Iterates over the entries; the contents of one can be read until the next is asked for.

    ``limits``: None stands for those of the vendor's archives.
    """

    def __init__(self, chunks: Iterator[bytes], label: str, limits: Limits | None = None) -> None:
        self._stream = ByteStream(chunks)
        self._label = label
        self._content: Iterator[memoryview] = iter(())
        self._rest = 0
        self._bounds = Bounds(label, limits)
        self._global: dict[str, bytes] = {}
        self.ended = False
        """Whether the zero block that ends an archive was there."""
        self.trailing = False
        """Whether anything but zeros follows that block."""

    def __iter__(self) -> Iterator[Entry]:
        """Yield every entry, then read the stream to its end."""
        while (header := self._header()) is not None:
            yield self._entry(header)
            self._finish()
        self._drain()

    def content(self) -> Iterator[memoryview]:
        """The current entry's bytes, holes filled. Raises ArchiveError when the stream ends before the entry."""
        return self._content

    def _finish(self) -> None:
        for _ in self._content:
            pass
        if not self._stream.skip(self._rest):
            raise self._damaged("ends in the middle of an entry")
        self._rest = 0

    def _pieces(self, length: int) -> Iterator[memoryview]:
        """Contents that must be there."""
        for piece in self._stream.pieces(length):
            length -= len(piece)
            self._rest -= len(piece)
            yield piece
        if length:
            raise self._damaged("ends in the middle of an entry")

    def _take(self, length: int) -> bytes:
        data = self._stream.take(length)
        if len(data) < length:
            raise self._damaged("ends in the middle of an entry")
        return data

    def _header(self) -> bytes | None:
        """The next header block; None at the end mark, and at the end of the stream between two entries."""
        block = self._stream.take(BLOCK)
        if not block:
            return None
        if len(block) < BLOCK:
            raise self._damaged("ends in the middle of a header")
        if not block.strip(b"\0"):
            self.ended = True
            return None
        self._bounds.header()
        return block

    def _entry(self, block: bytes) -> Entry:
        """The entry that starts at this header, after all the headers that only extend the next one."""
        overrides: dict[str, bytes] = {}
        records: pax.Records = ()
        while True:
            info = self._parse(block)
            if info.type not in _EXTENSIONS:
                odd = unusual(info.type, self._global.keys() - overrides.keys())
                entry = self._build(info, block, {**self._global, **overrides}, records)
                return replace(entry, unusual=odd) if odd else entry
            if not 0 <= info.size <= MAX_EXTENSION:
                raise self._damaged("has an extended header of impossible size")
            self._bounds.extension(info.size)
            body = self._take(-(-info.size // BLOCK) * BLOCK)[: info.size]
            if info.type in (b"L", b"K"):
                key = "path" if info.type == b"L" else "linkpath"
                overrides.setdefault(key, body.partition(b"\0")[0])
            else:
                found = self._records(body)
                used = {key: value for key, value in found if key in _KEYS or key.startswith(_XATTRS)}
                if info.type == b"g":
                    self._global.update(used)
                else:
                    records = records or found
                    overrides = {**used, **overrides}  # where two say a thing, the first one wins
            following = self._header()
            if following is None:
                raise self._damaged("ends with an extended header that has no entry")
            block = following

    def _parse(self, block: bytes) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise self._damaged("has a broken header") from error

    def _records(self, body: bytes) -> pax.Records:
        try:
            return pax.records(body)
        except ValueError as error:
            raise self._damaged(f"has a broken pax header, {error},") from error

    def _build(
        self, info: tarfile.TarInfo, block: bytes, keys: dict[str, bytes], records: pax.Records
    ) -> Entry:
        name = pax.text(keys["path"]) if "path" in keys else info.name
        link = pax.text(keys["linkpath"]) if "linkpath" in keys else info.linkname
        xattrs = tuple(key for key in keys if key.startswith(_XATTRS))
        kind = _kind(info, block, name if "path" in keys else None)
        if "GNU.sparse.name" in keys:
            name = pax.text(keys["GNU.sparse.name"])
        self._bounds.names(name, link, xattrs)
        try:
            stored = pax.number(keys["size"]) if "size" in keys else info.size
            stored = stored if kind in _HAS_DATA else 0
            if stored < 0:
                raise ValueError("negative size")
            self._rest = -(-stored // BLOCK) * BLOCK
            holes = self._sparse_map(info, block, records, stored)
            self._content = holes.expand(self._pieces) if holes else self._pieces(stored)
            return Entry(
                name,
                kind,
                holes.size if holes else stored,
                info.mode & 0o7777,
                pax.number(keys["uid"]) if "uid" in keys else info.uid,
                pax.number(keys["gid"]) if "gid" in keys else info.gid,
                pax.seconds(keys["mtime"]) if "mtime" in keys else int(info.mtime),
                link,
                holes is not None,
                xattrs,
            )
        except (ValueError, KeyError, tarfile.HeaderError) as error:
            raise self._damaged(f"has a header that makes no sense ({error})") from error

    def _sparse_map(
        self, info: tarfile.TarInfo, block: bytes, records: pax.Records, stored: int
    ) -> SparseMap | None:
        if info.type == b"S":
            # The extension blocks lie between the header and the data, and are not counted in the size.
            holes = old_gnu(block, _number, self._take)
        else:
            found = pax_sparse(records, stored, self._take)
            if found is None:
                return None
            holes, used = found
            self._rest -= used
            stored -= used
        if holes.stored != stored:
            raise ValueError("a sparse map and its data differ in size")
        self._bounds.sparse(holes.size)
        return holes

    def _drain(self) -> None:
        while True:
            data = self._stream.take(1 << 20)
            if not data:
                return
            self.trailing = self.trailing or bool(data.strip(b"\0"))

    def _damaged(self, what: str) -> ArchiveError:
        if self._stream.position <= BLOCK:
            return refused(self._label, "holds no tar archive", hint="name the vendor's .tar.gz file")
        where = f"at byte {self._stream.position} of the tar stream"
        return refused(self._label, f"is damaged: it {what} {where}", hint=DOWNLOAD_AGAIN)


def _kind(info: tarfile.TarInfo, block: bytes, long_name: str | None) -> Kind:
    """What an entry is. Before POSIX a folder was a file (type zero) with a slash behind its whole name."""
    if block[156:157] == b"\0" and long_name is not None:
        return "folder" if long_name.endswith("/") else "file"
    return "folder" if info.isdir() else _KINDS.get(info.type, "other")


def _number(field: bytes) -> int:
    """A numeric field: octal digits, or base 256 when its first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.partition(b"\0")[0].strip() or b"0", 8)
