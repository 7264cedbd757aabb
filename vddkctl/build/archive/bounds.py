"""How much of a tar stream is believed: what is kept in memory of an archive grows with its headers, not its data.

A header costs an attacker next to nothing (names shrink a hundredfold and more), so each bound is far above what the
vendor's archives hold, and far below what would hurt.
"""

from __future__ import annotations

from collections.abc import Iterable

from vddkctl.build.archive.refusal import PACK_AGAIN, refused

MAX_ENTRIES = 20_000
"""The vendor's archives have some hundreds. Headers that only extend the next one count as well, and so do folders
that no entry lists."""

MAX_NAME = 4096
"""Bytes of a name, or of a link's target: Linux's own limit (``PATH_MAX``)."""

MAX_PARTS = 64
"""Folders above a name. The vendor's archives have three; each becomes a name of its own where it is not listed."""

MAX_NAMES = 4 << 20
"""Characters of all names together, with those of links' targets and extended attributes."""

MAX_EXTENSIONS = 16 << 20
"""Bytes of all extended headers together; they are read into memory one by one."""


class Bounds:
    """Counts what one tar stream asks to be kept. Every method raises ArchiveError when that is too much."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._headers = 0
        self._names = 0
        self._extensions = 0

    def header(self) -> None:
        """One header more, of whatever kind."""
        self._headers += 1
        check_count(self._headers, self._label)

    def extension(self, size: int) -> None:
        """One extended header more, with a body of ``size`` bytes."""
        self._extensions += size
        if self._extensions > MAX_EXTENSIONS:
            what = f"has more than {MAX_EXTENSIONS >> 20} MiB of extended headers: this is no VDDK archive"
            raise refused(self._label, what, hint=PACK_AGAIN)

    def names(self, name: str, link: str, attributes: Iterable[str]) -> None:
        """The names of one entry more."""
        self._check(name, "has a name", name)
        self._check(link, "has a link to a name", name)
        self._names += len(name) + len(link) + sum(map(len, attributes))
        if self._names > MAX_NAMES:
            what = f"has more than {MAX_NAMES >> 20} MiB of names: this is no VDDK archive"
            raise refused(self._label, what, hint=PACK_AGAIN)

    def _check(self, path: str, what: str, entry: str) -> None:
        if len(path.encode("utf-8", "surrogateescape")) > MAX_NAME:
            what = f"{what} of more than {MAX_NAME} bytes"
        elif path.count("/") >= MAX_PARTS and _parts(path) > MAX_PARTS:
            what = f"{what} of more than {MAX_PARTS} parts"
        else:
            return
        raise refused(self._label, what, entry=entry, hint=PACK_AGAIN)


def _parts(path: str) -> int:
    return sum(part not in ("", ".") for part in path.split("/"))


def check_count(count: int, label: str) -> None:
    """Raise ArchiveError for more entries, headers or folders than any archive of the vendor's has."""
    if count > MAX_ENTRIES:
        what = f"has more than {MAX_ENTRIES} entries: this is no VDDK archive"
        raise refused(label, what, hint=PACK_AGAIN)
