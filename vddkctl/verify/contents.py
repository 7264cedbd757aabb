"""What the vendor's archive unpacks to, file by file, and in what an image differs from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from vddkctl.build.archive.identity import identify
from vddkctl.build.archive.plain import plain_stream
from vddkctl.build.archive.refusal import changed
from vddkctl.build.unpacked import unpacked
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ROOT
from vddkctl.verify.overlay import Placed

Contents = Mapping[str, tuple[str, str]]
"""By path, the root folder in front: a kind, and a file's SHA-256 or a link's target. Folders are left out."""


class _Digests:
    """Keeps of each file what tells it from others."""

    def store(self, pieces: Iterator[memoryview], size: int) -> tuple[str]:
        del size
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        return (digest.hexdigest(),)


def archive_contents(path: Path, sha256: str, progress: Progress) -> Contents:
    """Read an archive that was inspected, once. Raises ArchiveError when it is no longer the one of that SHA-256."""
    identity = identify(path)
    with (
        progress.task(f"read {path.name}", identity.size) as task,
        plain_stream(path, identity, task) as stream,
    ):
        entries = unpacked(stream, str(path), _Digests())
    if stream.sha256 != sha256:
        raise changed(str(path))
    files = {entry.path: entry.contents[0] for entry in entries if entry.kind == "file"}
    links = {entry.path: ("symlink", entry.link) for entry in entries if entry.kind == "symlink"}
    hard = {entry.path: ("file", files[entry.link]) for entry in entries if entry.kind == "hardlink"}
    return {path: ("file", digest) for path, digest in files.items()} | links | hard


def image_contents(placed: Iterable[Placed]) -> Contents:
    """The same of what an image has below the root folder; its files must have been hashed."""
    contents = {}
    for each in placed:
        entry = each.item.found.entry
        if entry.kind != "folder":
            contents[each.path] = (entry.kind, each.item.content if entry.kind == "file" else entry.link)
    return contents


def differences(archive: Contents, image: Contents, right: str = "the archive") -> list[str]:
    """What is not the same, path by path: ``lib64/libssl.so.3 has other contents``. ``right`` names the first."""
    return [
        f"{path.removeprefix(ROOT).lstrip('/') or ROOT} {_difference(archive.get(path), image.get(path), right)}"
        for path in sorted({*archive, *image})
        if archive.get(path) != image.get(path)
    ]


def _difference(archive: tuple[str, str] | None, image: tuple[str, str] | None, right: str) -> str:
    if archive is None:
        return f"is not in {right}"
    if image is None:
        return "is missing"
    if archive[0] != image[0]:
        return f"is {_KINDS.get(image[0], 'of another kind')}, not {_KINDS[archive[0]]}"
    return f"leads to {image[1]}, not to {archive[1]}" if archive[0] == "symlink" else "has other contents"


_KINDS = {"file": "a file", "symlink": "a link", "hardlink": "a hard link", "device": "a device"}
