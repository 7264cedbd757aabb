"""What tar allows in one layer, and runtimes refuse or unpack each in its own way.

podman and CRI-O take no path twice (tar-split), and put a layer into a folder of its own, where a hard link finds
nothing of lower layers; whether a whiteout spares what its own layer has put there before differs as well.
"""

from __future__ import annotations

from vddkctl.build.archive.tar import Entry

_MOST = 3
_MOST_FOLDERS = 500_000
_MARK = ".wh."


class Forms:
    """Takes the entries of one layer in their order. Of each path only a hash is kept."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._seen: set[int] = set()
        self._above: set[int] = set()
        """Folders that something lies in, listed or not."""

    def visit(self, path: str, entry: Entry, target: str) -> None:
        """Take one entry; ``path``, and ``target`` of a link, are as they come to lie in the image."""
        if len(self.faults) < _MOST:
            self.faults += self._judged(path, entry, target)
            self._remember(path)

    def _judged(self, path: str, entry: Entry, target: str) -> list[str]:
        shown = path or "/"
        found = [f"{shown} {reason}" for reason in entry.unusual]
        if entry.kind == "other":
            found.append(f"{shown} is of a type that no runtime unpacks")
        if hash(path) in self._seen:
            found.append(f"{shown} is in it twice: podman and CRI-O refuse that")
        if entry.kind == "hardlink" and hash(target) not in self._seen:
            found.append(f"{shown} is a hard link to {target}, which the layer has not put there before")
        folder, _, name = path.rpartition("/")
        if name.startswith(_MARK) and not name.startswith(f"{_MARK}{_MARK}"):
            gone = f"{folder}/{name.removeprefix(_MARK)}".lstrip("/")
            if hash(gone) in self._seen or hash(gone) in self._above:
                found.append(f"{shown} takes away what the same layer has put there: runtimes differ on that")
        return found

    def _remember(self, path: str) -> None:
        self._seen.add(hash(path))
        while "/" in path:
            path = path.rpartition("/")[0]
            if hash(path) in self._above:
                return
            self._above.add(hash(path))
        if len(self._above) > _MOST_FOLDERS:
            self.faults.append("it has more folders than can be looked into")
            self._above.clear()
