"""Which files of a folder hold manifests."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from vddkctl.errors import ManifestError

_SUFFIXES = (".yaml", ".yml", ".json")  # what kubectl and Argo CD take from a folder
_MAX_DEPTH = 64
_MAX_FILES = 100_000
_MAX_BYTES = 64 * 1024 * 1024


class ManifestFile(Struct, frozen=True):
    """One file. ``path`` is where it really is, ``relative`` its name in the folder, ``shown`` that for errors."""

    path: str
    relative: str
    shown: str


class Listing(Struct, frozen=True):
    """What a folder holds, by name. ``leaving`` are links that point out of it; they are not followed."""

    files: tuple[ManifestFile, ...]
    leaving: tuple[str, ...]


def list_manifests(folder: Path) -> Listing:
    """Find the manifests of a folder and its subfolders, but for those whose name begins with a dot.

    A file is listed once, however many links inside the folder point at it. Raises ManifestError.
    """
    root = real_folder(folder)
    walk = _Walk(folder, root)
    walk.take(root, "", 0)
    walk.follow_links()
    return Listing(
        tuple(sorted(walk.files.values(), key=lambda item: item.relative)), tuple(sorted(walk.leaving))
    )


def real_folder(folder: Path) -> str:
    """Return where a folder really is. Raises ManifestError when it is missing or no folder."""
    root = os.path.realpath(folder)
    if not os.path.isdir(root):  # noqa: PTH112 - a string all the way: this runs for each of many files
        what = "this is a file, not a folder of manifests" if folder.exists() else "there is no such folder"
        raise ManifestError(what, where=str(folder), hint="`cluster.manifests` in the spec names the folder")
    return root


def is_inside(root: str, path: str) -> bool:
    """Whether a real path is below a real folder."""
    return path.startswith(root.rstrip("/") + "/")


def read_manifest(file: ManifestFile) -> bytes:
    """Return a file's bytes. Raises ManifestError when it cannot be read, or is larger than 64 MiB."""
    try:
        with open(file.path, "rb") as stream:  # noqa: PTH123
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ManifestError(f"this file cannot be read: {error.strerror}", where=file.shown) from None
    if len(data) > _MAX_BYTES:
        raise ManifestError("this file is larger than 64 MiB", where=file.shown, hint="split it")
    return data


class _Walk:
    def __init__(self, folder: Path, root: str) -> None:
        self.folder = folder
        self.root = root
        self.files: dict[str, ManifestFile] = {}
        self.leaving: list[str] = []
        self._links: list[tuple[str, str, int]] = []
        self._seen: set[str] = set()

    def take(self, path: str, relative: str, depth: int) -> None:
        """Take what really is in a folder; links wait, so that a file is known by its own name."""
        if depth > _MAX_DEPTH:
            raise ManifestError(f"folders are nested deeper than {_MAX_DEPTH}", where=self._shown(relative))
        self._seen.add(path)
        for entry in self._entries(path, relative):
            name = f"{relative}/{entry.name}" if relative else entry.name
            if entry.is_symlink():
                self._links.append((entry.path, name, depth))
            elif entry.is_dir():
                if not entry.name.startswith("."):
                    self.take(entry.path, name, depth + 1)
            elif entry.is_file() and name.endswith(_SUFFIXES):
                self._add(entry.path, name)

    def follow_links(self) -> None:
        """Follow the links that stay inside, until they lead to nothing new."""
        while self._links:
            links, self._links = sorted(self._links), []
            for path, name, depth in links:
                self._follow(path, name, depth)

    def _follow(self, path: str, name: str, depth: int) -> None:
        target = os.path.realpath(path)
        try:
            mode = os.stat(target).st_mode  # noqa: PTH116
        except OSError:
            return  # it points at nothing
        if stat.S_ISDIR(mode):
            if name.rpartition("/")[2].startswith("."):
                return
            if not is_inside(self.root, target):
                self.leaving += [] if self.root == target else [name]
            elif target not in self._seen:
                self.take(target, name, depth + 1)
        elif stat.S_ISREG(mode) and name.endswith(_SUFFIXES):
            if is_inside(self.root, target):
                self._add(target, name)
            else:
                self.leaving.append(name)

    def _add(self, path: str, relative: str) -> None:
        if len(self.files) >= _MAX_FILES:
            raise ManifestError(f"there are more than {_MAX_FILES:,} manifests here", where=str(self.folder))
        self.files.setdefault(path, ManifestFile(path, relative, self._shown(relative)))

    def _entries(self, path: str, relative: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                return iter(sorted(entries, key=lambda entry: entry.name))
        except OSError as error:
            what = f"this folder cannot be read: {error.strerror}"
            raise ManifestError(what, where=self._shown(relative)) from None

    def _shown(self, relative: str) -> str:
        return f"{self.folder}/{relative}" if relative else str(self.folder)
