"""The entries below the root folder as a tree: what lies where, and where links lead. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vddkctl.build.archive.refusal import refused
from vddkctl.build.archive.survey import Found, parents
from vddkctl.vddk.archive import ROOT

MAX_HOPS = 40
"""As many links as Linux follows in one path."""


class Target(NamedTuple):
    """Where a link leads. ``path`` is None when nothing is there; ``leaves`` when it goes above the root."""

    path: str | None
    leaves: bool


class Tree:
    """Paths (normalised, with the root folder in front) and the entry each has after unpacking."""

    def __init__(self, label: str, found: Sequence[Found]) -> None:
        self._label = label
        self.nodes: dict[str, Found] = {}
        self.duplicates: list[str] = []
        self.late_links: list[str] = []
        """Hard links that come before what they name: tar cannot unpack them."""
        for item in found:
            self._add(item)
        self._check_parents()
        self._check_hard_links()
        self.folders = {parent for path in self.nodes for parent in parents(path)} | {
            path for path, item in self.nodes.items() if item.entry.kind == "folder"
        }
        self._check_symlinks()

    def resolve(self, path: str) -> Target:
        """Follow every link in ``path``, as the system would."""
        at: list[str] = []
        todo = path.split("/")
        hops, missing = 0, False
        while todo:
            part = todo.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                at.pop()
                if not at:
                    return Target(None, leaves=True)
                continue
            here = "/".join([*at, part])
            item = self.nodes.get(here)
            if item is not None and item.entry.kind == "symlink":
                hops += 1
                if item.entry.link.startswith("/"):
                    return Target(None, leaves=True)
                if hops > MAX_HOPS:
                    return Target(None, leaves=False)
                todo = [*item.entry.link.split("/"), *todo]
                continue
            missing = missing or (item is None and here not in self.folders)
            at.append(part)
        return Target(None if missing else "/".join(at), leaves=False)

    def link_target(self, item: Found) -> str:
        """A hard link's target, normalised."""
        return "/".join(part for part in item.entry.link.split("/") if part not in ("", "."))

    def file_of(self, item: Found) -> Found:
        """The entry that a hard link stands for in the end; any other entry is its own."""
        while item.entry.kind == "hardlink":
            item = self.nodes[self.link_target(item)]
        return item

    def _add(self, item: Found) -> None:
        before = self.nodes.get(item.path)
        if before is not None:
            if before.entry.kind != item.entry.kind:
                what = f"is listed twice, as {_NAMES[before.entry.kind]} and as {_NAMES[item.entry.kind]}"
                raise refused(self._label, what, entry=item.path)
            self.duplicates.append(item.path)
        if item.entry.kind == "hardlink" and self.link_target(item) not in self.nodes:
            self.late_links.append(item.path)
        self.nodes[item.path] = item

    def _check_parents(self) -> None:
        for path in self.nodes:
            for parent in parents(path):
                above = self.nodes.get(parent)
                if above is not None and above.entry.kind != "folder":
                    what = f"lies below {parent}, which is {_NAMES[above.entry.kind]}"
                    raise refused(self._label, what, entry=path)

    def _check_hard_links(self) -> None:
        for path, item in self.nodes.items():
            if item.entry.kind != "hardlink":
                continue
            parts = self.link_target(item).split("/")
            if item.entry.link.startswith("/") or ".." in parts or parts[0] != ROOT:
                what = f"is a hard link to {item.entry.link}, outside {ROOT}"
                raise refused(self._label, what, entry=path)
            self._check_link_ends(path, item)

    def _check_link_ends(self, path: str, item: Found) -> None:
        """A hard link must come to a file or a symlink in the end."""
        seen = {path}
        target: Found | None = item
        while target is not None and target.entry.kind == "hardlink":
            name = self.link_target(target)
            target = None if name in seen else self.nodes.get(name)
            seen.add(name)
        if target is None:
            what = f"is a hard link to {item.entry.link}, which is not in the archive"
            raise refused(self._label, what, entry=path)
        if target.entry.kind == "folder":
            raise refused(self._label, f"is a hard link to {item.entry.link}, a folder", entry=path)

    def _check_symlinks(self) -> None:
        for path, item in self.nodes.items():
            if item.entry.kind == "symlink" and self.resolve(path).leaves:
                what = f"is a link to {item.entry.link}, outside {ROOT}"
                raise refused(self._label, what, entry=path)


_NAMES = {"file": "a file", "folder": "a folder", "symlink": "a link", "hardlink": "a hard link"}
