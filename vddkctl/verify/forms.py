"""What tar allows in one layer, and runtimes refuse or unpack each in its own way.

podman and CRI-O take no path twice (tar-split). Where a layer is put into a folder of its own, a hard link finds
nothing of lower layers; and whether a whiteout spares what its own layer has put there before differs as well.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from vddkctl.build.archive.refusal import refused
from vddkctl.build.archive.tar import Entry

_MOST = 3
_MOST_FOLDERS = 500_000
_MARK = ".wh."


class Forms:
    """Takes the entries of one layer in their order. Of each path only a hash is kept; ``lower`` are those before."""

    def __init__(self, lower: AbstractSet[int]) -> None:
        self.faults: list[str] = []
        self.remarks: list[str] = []
        self._lower = lower
        self._seen: set[int] = set()
        self._above: set[int] = set()
        """Folders that something lies in, listed or not."""

    def visit(self, path: str, entry: Entry, target: str) -> None:
        """Take one entry; ``path``, and ``target`` of a link, are as they come to lie in the image."""
        if len(self.faults) < _MOST:
            self.faults += self._judged(path, entry, target)
        self._remember(path)

    @property
    def seen(self) -> AbstractSet[int]:
        """Hashes of all paths."""
        return self._seen

    def _judged(self, path: str, entry: Entry, target: str) -> list[str]:
        shown = path or "/"
        found = [f"{shown} {reason}" for reason in entry.unusual]
        if entry.kind == "other":
            found.append(f"{shown} is of a type that no runtime unpacks")
        if hash(path) in self._seen:
            found.append(f"{shown} is in it twice: podman and CRI-O refuse that")
        if entry.kind == "hardlink" and hash(target) not in self._seen:
            found += self._lost(shown, target)
        folder, _, name = path.rpartition("/")
        if name.startswith(_MARK) and not name.startswith(f"{_MARK}{_MARK}"):
            gone = f"{folder}/{name.removeprefix(_MARK)}".lstrip("/")
            if hash(gone) in self._seen or hash(gone) in self._above:
                found.append(f"{shown} takes away what the same layer has put there: runtimes differ on that")
        return found

    def _lost(self, shown: str, target: str) -> list[str]:
        if hash(target) not in self._lower:
            return [f"{shown} is a hard link to {target}, which no layer has put there before"]
        if len(self.remarks) < _MOST:
            self.remarks.append(
                f"{shown} is a hard link into a lower layer, which not every runtime can make"
            )
        return []

    def _remember(self, path: str) -> None:
        self._seen.add(hash(path))
        while "/" in path:
            path = path.rpartition("/")[0]
            if hash(path) in self._above:
                return
            self._above.add(hash(path))
        if len(self._above) > _MOST_FOLDERS:
            raise refused("layer", "has more folders than can be looked into")
