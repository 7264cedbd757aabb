"""What an image's layers make together (OCI image specification 1.1, "Applying Changesets").

A later layer replaces, adds, and takes away by whiteouts. Runtimes do not agree on what becomes of an entry whose
folder is a link in a lower layer: some follow the link, some put a folder in its place. Here it is followed, and told
where it concerns the vendor's folder.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct

from vddkctl.build.archive.refusal import PACK_AGAIN, refused
from vddkctl.build.archive.tree import MAX_HOPS
from vddkctl.vddk.archive import ROOT
from vddkctl.verify.layer import Item, Layer, is_below

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"

_MAX_STEPS = 5_000_000
"""Parts of paths that are looked up in all layers together: links can lead through many others."""


class Placed(Struct, frozen=True):
    """An entry at its place. ``layer`` is the digest of the layer that put it there."""

    path: str
    item: Item
    layer: str


class _Place:
    __slots__ = ("children", "item", "layer")

    def __init__(self, item: Item | None = None, layer: str = "") -> None:
        self.item = item
        self.layer = layer
        self.children: dict[str, _Place] = {}

    @property
    def link(self) -> str | None:
        """Where it leads, if it is a link."""
        return self.item.found.entry.link if self.item and self.item.found.entry.kind == "symlink" else None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, listed or not."""
        return self.item is None or self.item.found.entry.kind == "folder"


class Overlay:
    """The files of all layers, lowest layer first, as far as they are kept."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._root = _Place()
        self._steps = 0
        self.crooked: list[str] = []
        """Entries that come to the vendor's folder, or leave it, through a link in their path."""
        for layer in layers:
            self._apply(layer)

    @property
    def root(self) -> Item | None:
        """The image's own root folder, where a layer lists it."""
        return self._root.item

    def find(self, path: str) -> Placed | None:
        """What is at a path when every link is followed; None for nothing."""
        way = self._walk(path, make=False)
        if way is None or way[-1][1].item is None:
            return None
        name, place = "/".join(name for name, _ in way[1:]), way[-1][1]
        return Placed(name, place.item, place.layer) if place.item else None

    def shut(self, path: str) -> Iterator[str]:
        """The folders above a path, as links lead there, that only their owner may enter."""
        way = self._walk(path.rpartition("/")[0], make=False) or []
        names = [name for name, _ in way]
        for number, (_, place) in enumerate(way):
            if number and place.item and place.is_folder and not place.item.found.entry.mode & 0o001:
                yield "/".join(names[1 : number + 1])

    def below(self) -> Iterator[Placed]:
        """The vendor's root folder and everything in it; unlisted folders are left out."""
        start = self._root.children.get(ROOT)
        waiting = [(ROOT, start)] if start else []
        while waiting:
            path, place = waiting.pop()
            if place.item:
                yield Placed(path, place.item.called(path), place.layer)
            waiting += [
                (f"{path}/{name}", child) for name, child in sorted(place.children.items(), reverse=True)
            ]

    def _apply(self, layer: Layer) -> None:
        marks = [item for item in layer.items if _name(item).startswith(WHITEOUT)]
        for item in marks:  # they concern lower layers alone, wherever they stand in their own
            self._take_away(item)
        for item in layer.items:
            if not _name(item).startswith(WHITEOUT):
                self._add(item, layer.descriptor.digest)
        for folder in sorted(layer.folders):
            self._look_for_detour(folder, f"{folder}/…", self._walk(folder, make=False))

    def _take_away(self, item: Item) -> None:
        folder = self._folder(item, make=False)
        name = _name(item)
        if folder is None:
            return
        if name == OPAQUE:
            folder.children.clear()
        elif not name.startswith(f"{WHITEOUT}{WHITEOUT}"):
            folder.children.pop(name.removeprefix(WHITEOUT), None)

    def _add(self, item: Item, layer: str) -> None:
        if not item.found.path:
            self._root.item, self._root.layer = item, layer
            return
        folder = self._folder(item, make=True)
        if folder is None:
            return
        if item.found.entry.kind == "hardlink":
            item = self._linked(item)
        before = folder.children.get(_name(item))
        if before is not None and before.is_folder and item.found.entry.kind == "folder":
            before.item, before.layer = item, layer
        else:
            folder.children[_name(item)] = _Place(item, layer)

    def _linked(self, item: Item) -> Item:
        """The file that a hard link is another name of; the link itself where that is not kept."""
        head, _, name = item.found.entry.link.rstrip("/").rpartition("/")
        way = self._walk(head, make=False)
        place = way[-1][1].children.get(name) if way else None
        if place is None or place.item is None or place.is_folder:
            return item
        return place.item.called(item.found.path)

    def _folder(self, item: Item, *, make: bool) -> _Place | None:
        """The folder that an entry lies in."""
        path = item.found.path.rpartition("/")[0]
        way = self._walk(path, make=make)
        if way is None:
            return None
        self._look_for_detour(path, item.found.path, way)
        return way[-1][1]

    def _look_for_detour(self, path: str, entry: str, way: list[tuple[str, _Place]] | None) -> None:
        """Note an entry whose folder is really another one, where that or its name is the vendor's."""
        real = "/".join(name for name, _ in way[1:]) if way else path
        at_top = not real and entry.rpartition("/")[2] in (ROOT, f"{WHITEOUT}{ROOT}", OPAQUE)
        if real != path and (at_top or is_below(real) or is_below(path)):
            self.crooked.append(entry)

    def _walk(self, path: str, *, make: bool) -> list[tuple[str, _Place]] | None:
        """Every place on the way, links followed; None where there is nothing, unless folders are to be made."""
        way = [("", self._root)]
        todo, hops = deque(path.split("/")), 0
        while todo:
            self._step()
            part = todo.popleft()
            if part in ("", "."):
                continue
            if part == "..":
                del way[max(1, len(way) - 1) :]
                continue
            folder = way[-1][1]
            child = folder.children.get(part)
            if child is not None and (link := child.link) is not None:
                hops += 1
                if hops > MAX_HOPS:
                    return None
                del way[1 if link.startswith("/") else len(way) :]
                todo.extendleft(reversed(link.split("/")))
                continue
            if child is None or ((todo or make) and not child.is_folder):
                if not make:
                    return None
                child = folder.children[part] = _Place()
            way.append((part, child))
        return way

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise refused("the image", "has links that lead through too many others", hint=PACK_AGAIN)


def _name(item: Item) -> str:
    return item.found.path.rpartition("/")[2]
