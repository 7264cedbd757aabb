"""Gzip to plain bytes: as a stream, bounded in memory, ratio and size, and strict about damage (RFC 1952)."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from vddkctl.build.archive import bounds
from vddkctl.build.archive.refusal import DOWNLOAD_AGAIN, NOT_VENDORS, PACK_AGAIN, refused
from vddkctl.errors import ArchiveError

CHUNK = 512 << 10
"""The largest piece that is ever decompressed at once."""

RATIO_FREE = 64 << 20
"""So little output harms nobody, whatever its ratio."""

_MAGIC = b"\x1f\x8b"

_KNOWN = {
    b"PK\x03\x04": "a zip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"<!DO": "an HTML page",
    b"<htm": "an HTML page",
}


class Inflater:
    """Decompresses the members of a gzip file, one after another.

    ``limits``: None stands for those of the vendor's archives.
    """

    def __init__(self, label: str, limits: bounds.Limits | None = None) -> None:
        self._label = label
        self._limits = limits or bounds.VENDOR
        self._consumed = 0
        self._produced = 0
        self.padding = 0
        """Zero bytes after the last member: harmless to gzip, an error to some container runtimes."""

    def chunks(self, source: Iterator[bytes]) -> Iterator[bytes]:
        """Plain bytes, in pieces of at most :data:`CHUNK`. Raises ArchiveError for anything that is not whole gzip."""
        pending = self._start(source)
        while pending:
            pending = yield from self._member(pending, source)
            pending = self._next_member(pending, source)

    def _start(self, source: Iterator[bytes]) -> bytes:
        first = self._more(source)
        if not first:
            raise refused(self._label, "is empty", hint=DOWNLOAD_AGAIN)
        while len(first) < len(_MAGIC) and (more := self._more(source)):
            first += more
        if not first.startswith(_MAGIC):
            raise refused(
                self._label, f"is not gzip{self._guess(first)}", hint="name the vendor's .tar.gz file"
            )
        return first

    @staticmethod
    def _guess(first: bytes) -> str:
        known = next((name for magic, name in _KNOWN.items() if first.startswith(magic)), None)
        if known is None and first[257:262] == b"ustar":
            known = "a tar file that is not compressed"
        return f", but {known}" if known else ""

    def _member(self, data: bytes, source: Iterator[bytes]) -> Generator[bytes, None, bytes]:
        """Decompress one member; returns what was read beyond it."""
        from isal import igzip_lib

        stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        while not stream.eof:
            if stream.needs_input and not data:
                data = self._more(source)
                if not data:
                    raise refused(
                        self._label, "is truncated: its gzip stream has no end", hint=DOWNLOAD_AGAIN
                    )
            try:
                plain = stream.decompress(data, CHUNK)
            except (igzip_lib.IsalError, EOFError) as error:  # type: ignore[misc]  # its stub says instance
                raise self._damaged() from error
            data = b""
            self._produced += len(plain)
            self._check_size()
            if plain:
                yield plain
        return stream.unused_data

    def _next_member(self, rest: bytes, source: Iterator[bytes]) -> bytes:
        while len(rest) < len(_MAGIC) and (more := self._more(source)):
            rest += more
        if not rest or rest.startswith(_MAGIC):
            return rest
        while rest:
            if rest.strip(b"\0"):
                raise refused(self._label, "has other data after its gzip stream", hint=NOT_VENDORS)
            self.padding += len(rest)
            rest = self._more(source)
        return b""

    def _more(self, source: Iterator[bytes]) -> bytes:
        data = next(source, b"")
        self._consumed += len(data)
        return data

    def _check_size(self) -> None:
        most = self._limits
        if self._produced > most.unpacked:
            what = f"unpacks to more than {most.unpacked >> 30} GiB"
        elif self._produced > RATIO_FREE and self._produced > most.ratio * self._consumed:
            what = f"unpacks to more than {most.ratio} times its size"
        else:
            return
        raise refused(self._label, f"{what}: a decompression bomb, or {most.remark}", hint=PACK_AGAIN)

    def _damaged(self) -> ArchiveError:
        what = f"is damaged: its gzip stream breaks after {self._produced} bytes of contents"
        return refused(self._label, what, hint=DOWNLOAD_AGAIN)
