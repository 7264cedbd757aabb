"""How much of a tar stream is believed: what is kept in memory of an archive grows with its headers, not its data.

A header costs an attacker next to nothing (names shrink a hundredfold and more), so each bound is far above what the
vendor's archives hold, and far below what would hurt.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from vddkctl.build.archive.refusal import PACK_AGAIN, refused
from vddkctl.errors import ArchiveError

MAX_NAME = 4096
"""Bytes of a name, or of a link's target: Linux's own limit (``PATH_MAX``)."""

MAX_PARTS = 64
"""Folders above a name. The vendor's archives have three; each becomes a name of its own where it is not listed."""


class Limits(Struct, frozen=True):
    """The most of everything. ``remark`` says what more of it is."""

    entries: int
    """Headers that only extend the next one count as well, and so do folders that no entry lists."""
    names: int
    """Characters of all names together, with those of links' targets and extended attributes."""
    extensions: int
    """Bytes of all extended headers together; they are read into memory one by one."""
    sparse: int
    """Bytes that sparse files unpack to, together: their holes cost an attacker nothing."""
    unpacked: int
    """Bytes of the whole stream."""
    ratio: int
    """How much it may shrink. Deflate's own limit is 1032."""
    remark: str


VENDOR = Limits(
    entries=20_000,  # some hundreds
    names=4 << 20,
    extensions=16 << 20,
    sparse=1 << 30,
    unpacked=8 << 30,  # about 100 MiB
    ratio=200,  # 2 to 3, zeros in sparse libraries more; only a bomb comes near the limit
    remark="no VDDK archive",
)
"""Of an archive; beside it what the vendor's largest one has."""


class Bounds:
    """Counts what one tar stream asks to be kept. Every method raises ArchiveError when that is too much.

    ``limits``: None stands for those of the vendor's archives.
    """

    def __init__(self, label: str, limits: Limits | None = None) -> None:
        self._label = label
        self._limits = limits or VENDOR
        self._headers = 0
        self._names = 0
        self._extensions = 0
        self._sparse = 0

    def header(self) -> None:
        """One header more, of whatever kind."""
        self._headers += 1
        if self._headers > self._limits.entries:
            raise self._too_much(f"{self._limits.entries} entries")

    def extension(self, size: int) -> None:
        """One extended header more, with a body of ``size`` bytes."""
        self._extensions += size
        if self._extensions > self._limits.extensions:
            raise self._too_much(f"{self._limits.extensions >> 20} MiB of extended headers")

    def sparse(self, size: int) -> None:
        """One sparse file more, which unpacks to ``size`` bytes."""
        self._sparse += size
        if self._sparse > self._limits.sparse:
            what = f"has sparse files that unpack to more than {self._limits.sparse >> 30} GiB"
            raise refused(self._label, what, hint=PACK_AGAIN)

    def names(self, name: str, link: str, attributes: Iterable[str]) -> None:
        """The names of one entry more."""
        self._check(name, "has a name", name)
        self._check(link, "has a link to a name", name)
        self._names += len(name) + len(link) + sum(map(len, attributes))
        if self._names > self._limits.names:
            raise self._too_much(f"{self._limits.names >> 20} MiB of names")

    def _check(self, path: str, what: str, entry: str) -> None:
        if len(path.encode("utf-8", "surrogateescape")) > MAX_NAME:
            what = f"{what} of more than {MAX_NAME} bytes"
        elif path.count("/") >= MAX_PARTS and _parts(path) > MAX_PARTS:
            what = f"{what} of more than {MAX_PARTS} parts"
        else:
            return
        raise refused(self._label, what, entry=entry, hint=PACK_AGAIN)

    def _too_much(self, of_what: str) -> ArchiveError:
        return refused(
            self._label, f"has more than {of_what}: this is {self._limits.remark}", hint=PACK_AGAIN
        )


def _parts(path: str) -> int:
    return sum(part not in ("", ".") for part in path.split("/"))


def check_count(count: int, label: str) -> None:
    """Raise ArchiveError for more entries or folders than any archive of the vendor's has."""
    if count > VENDOR.entries:
        what = f"has more than {VENDOR.entries} entries: this is {VENDOR.remark}"
        raise refused(label, what, hint=PACK_AGAIN)
