"""One pass over the tar stream: what is in it, and what its libraries are. Judging comes later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from vddkctl.build.archive.plain import PlainStream
from vddkctl.build.archive.tar import Entry, TarStream
from vddkctl.vddk.archive import ROOT
from vddkctl.vddk.elf import ElfFacts, ElfProbe

HEAD = 1024
"""Bytes that tell what a file is that should be a library: it may have been a link."""

_LIBRARY = re.compile(rf"{ROOT}/lib(?:64|32)/lib[^/]*\.so(?:\.\d+)*")


class Found(Struct, frozen=True):
    """One entry. ``path`` is its name without ``.`` and empty parts; ``head`` the start of what should be ELF."""

    path: str
    entry: Entry
    elf: ElfFacts | None = None
    head: bytes = b""

    @property
    def is_library(self) -> bool:
        """Whether it is named as a shared library in one of the library folders is."""
        return _LIBRARY.fullmatch(self.path) is not None


class Survey(Struct, frozen=True):
    """Everything a pass has found, in the archive's order."""

    found: tuple[Found, ...]
    ended: bool = True
    """Whether tar's own end mark is there."""
    trailing: bool = False
    """Whether more data follows it."""
    padding: int = 0
    """Zero bytes behind the gzip stream."""


def survey(stream: PlainStream, label: str) -> Survey:
    """Read the whole stream. Raises ArchiveError for damage; everything else is left to the judge."""
    tar = TarStream(stream, label)
    found = []
    for entry in tar:
        item = Found(plain_path(entry.name), entry)
        if entry.kind == "file" and item.is_library:
            item = _probed(item, tar)
        found.append(item)
    return Survey(tuple(found), tar.ended, tar.trailing, stream.padding)


def plain_path(name: str) -> str:
    """The name without ``.`` and empty parts, and without the slash of an absolute one."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def parents(path: str) -> Iterator[str]:
    """Every folder above ``path``, the nearest first, down to the root folder. Paths have few parts: see bounds."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _probed(item: Found, tar: TarStream) -> Found:
    probe = ElfProbe()
    for piece in tar.content():
        probe.feed(piece)
    elf = probe.result()
    return Found(item.path, item.entry, elf, b"" if elf else probe.head[:HEAD])
