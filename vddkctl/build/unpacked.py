"""What an archive unpacks to, whatever the order and form of its entries: the outcome of tar's own rules.

A later entry replaces an earlier one of the same name; a hard link is another name for what was there at that
time. Here the names of one file are sorted: the first is the file, the others link to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from vddkctl.build.archive.plain import PlainStream
from vddkctl.build.archive.survey import parents, plain_path
from vddkctl.build.archive.tar import Entry, TarStream
from vddkctl.vddk.archive import ROOT

Piece = TypeVar("Piece")
Piece_co = TypeVar("Piece_co", covariant=True)


class Store(Protocol[Piece_co]):
    """Takes the contents of one file after another."""

    def store(self, pieces: Iterator[memoryview], size: int) -> tuple[Piece_co, ...]:
        """What stands for a file of ``size`` bytes from now on."""
        ...


class _Inode(Struct, Generic[Piece], frozen=True, eq=False):
    """A folder, link or file without its names; two are the same only when they are one object."""

    kind: Literal["file", "folder", "symlink"]
    link: str = ""
    size: int = 0
    mode: int = 0o755
    contents: tuple[Piece, ...] = ()


class UnpackedEntry(Struct, Generic[Piece], frozen=True):
    """One entry. ``path`` has the root folder in front; ``contents`` is what the store made of a file's.

    ``mode`` is the archive's own; of a folder that it does not list, 0755.
    """

    path: str
    kind: Literal["file", "folder", "symlink", "hardlink"]
    link: str
    size: int
    mode: int
    contents: tuple[Piece, ...]

    @property
    def executable(self) -> bool:
        """Whether anybody may execute it."""
        return bool(self.mode & 0o111)


def unpacked(stream: PlainStream, label: str, store: Store[Piece]) -> list[UnpackedEntry[Piece]]:
    """Read an archive that was inspected, hand the files' contents to ``store``, and list the entries, sorted.

    What lies outside the root folder is left out; folders that are not listed are added.
    """
    names: dict[str, _Inode[Piece]] = {}
    waiting: dict[str, str] = {}
    tar = TarStream(stream, label)
    for entry in tar:
        path = plain_path(entry.name)
        if path != ROOT and not path.startswith(f"{ROOT}/"):
            continue
        if entry.kind == "hardlink":
            waiting[path] = plain_path(entry.link)
            if waiting[path] in names:
                _link(names, waiting, path)
        else:
            waiting.pop(path, None)
            names[path] = _inode(entry, tar, store)
    for path in list(waiting):
        _link(names, waiting, path)
    for path in list(names):
        for parent in parents(path):
            names.setdefault(parent, _Inode("folder"))
    return list(_entries(names))


def _link(names: dict[str, _Inode[Piece]], waiting: dict[str, str], path: str) -> None:
    """Give the hard link ``path`` its file, and so the other links on the way there that wait for theirs."""
    passed: list[str] = []
    while path in waiting and (path not in names or not passed):
        passed.append(path)
        path = waiting.pop(path)
    if path in names:
        names.update(dict.fromkeys(passed, names[path]))


def _inode(entry: Entry, tar: TarStream, store: Store[Piece]) -> _Inode[Piece]:
    if entry.kind == "folder":
        return _Inode("folder", mode=entry.mode & 0o777)
    if entry.kind == "symlink":
        return _Inode("symlink", entry.link, mode=0)
    stored = store.store(tar.content(), entry.size)
    return _Inode("file", "", entry.size, entry.mode & 0o777, stored)


def _entries(names: dict[str, _Inode[Piece]]) -> Iterator[UnpackedEntry[Piece]]:
    first: dict[int, str] = {}
    for path, inode in sorted(names.items(), key=lambda item: item[0].split("/")):
        known = first.setdefault(id(inode), path)
        if inode.kind == "file" and known != path:
            yield UnpackedEntry(path, "hardlink", known, 0, inode.mode, ())
        else:
            yield UnpackedEntry(path, inode.kind, inode.link, inode.size, inode.mode, inode.contents)
