"""The entries below the root folder as a tree: what lies where, and where links lead. Nothing touches a disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from vddkctl.build.archive.bounds import MAX_PARTS, check_count
from vddkctl.build.archive.refusal import PACK_AGAIN, refused, shown
from vddkctl.build.archive.survey import Found, parents
from vddkctl.vddk.archive import ROOT

MAX_HOPS = 40
"""As many links as Linux follows in one path."""


MAX_STEPS = 2_000_000
"""Parts of paths that are looked up for all links together: each link can lead through many others."""


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
        self._steps = 0
        self._ends: dict[str, Found | None] = {}
        for item in found:
            self._add(item)
        self._check_parents()
        self.folders = self._folders()
        for item in found:  # also those that a later entry of the same name replaces
            if item.entry.kind == "hardlink":
                self._check_hard_link(item)
        links = [item for item in found if item.entry.kind == "symlink"]
        for item in sorted(links, key=_leads_on):  # the link that leads out, before those that lead to it
            self._check_symlink(item)

    def resolve(self, path: str) -> Target:
        """Follow every link in ``path``, as the system would."""
        at: list[str] = []
        todo = deque(path.split("/"))
        hops, missing = 0, False
        while todo:
            self._step()
            part = todo.popleft()
            if part in ("", "."):
                continue
            if part == "..":
                if len(at) < 2:
                    return Target(None, leaves=True)
                at.pop()
                continue
            # No entry lies deeper, so there is nothing to look up.
            here = "/".join([*at, part]) if len(at) < MAX_PARTS else ""
            item = self.nodes.get(here)
            if item is not None and item.entry.kind == "symlink":
                hops += 1
                if item.entry.link.startswith("/"):
                    return Target(None, leaves=True)
                if hops > MAX_HOPS:
                    return Target(None, leaves=False)
                todo.extendleft(reversed(item.entry.link.split("/")))
                continue
            missing = missing or (item is None and here not in self.folders)
            at.append(part)
        return Target(None if missing else "/".join(at), leaves=False)

    def link_target(self, item: Found) -> str:
        """A hard link's target, normalised."""
        return "/".join(part for part in item.entry.link.split("/") if part not in ("", "."))

    def file_of(self, item: Found) -> Found:
        """The entry that a hard link stands for in the end; any other entry is its own."""
        return self._end(item) or item

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
                    what = f"lies below {shown(parent)}, which is {_NAMES[above.entry.kind]}"
                    raise refused(self._label, what, entry=path)

    def _folders(self) -> set[str]:
        """Every folder, listed or not."""
        folders = {path for path, item in self.nodes.items() if item.entry.kind == "folder"}
        for path in self.nodes:
            for parent in parents(path):
                folders.add(parent)
            check_count(len(folders), self._label)
        return folders

    def _check_hard_link(self, item: Found) -> None:
        """A hard link must come to a file or a symlink in the end, through names below the root folder alone."""
        link = shown(item.entry.link)
        parts = self.link_target(item).split("/")
        if item.entry.link.startswith("/") or ".." in parts or parts[0] != ROOT:
            raise refused(self._label, f"is a hard link to {link}, outside {ROOT}", entry=item.path)
        end = self._end(item)
        if end is None:
            what = f"is a hard link to {link}, which is not in the archive"
            raise refused(self._label, what, entry=item.path)
        if end.entry.kind == "folder":
            raise refused(self._label, f"is a hard link to {link}, a folder", entry=item.path)

    def _end(self, item: Found) -> Found | None:
        """What is no hard link, at the end of a chain of them; None where there is nothing, or a circle.

        What was found is remembered for each name of the chain: chains can be long, and share their ends.
        """
        passed: list[str] = []
        at: Found | None = item
        while at is not None and at.entry.kind == "hardlink":
            name = self.link_target(at)
            if name in self._ends:
                at = self._ends[name]
                break
            self._ends[name] = None  # a circle that comes back here ends nowhere
            passed.append(name)
            at = self.nodes.get(name)
        self._ends.update(dict.fromkeys(passed, at))
        return at

    def _check_symlink(self, item: Found) -> None:
        # Nothing lies below a link, so whatever is above this one is a folder.
        beside = f"{item.path.rpartition('/')[0]}/{item.entry.link}"
        if item.entry.link.startswith("/") or self.resolve(beside).leaves:
            what = f"is a link to {shown(item.entry.link)}, outside {ROOT}"
            raise refused(self._label, what, entry=item.path)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            what = "has links that lead through too many others: this is no VDDK archive"
            raise refused(self._label, what, hint=PACK_AGAIN)


def _leads_on(item: Found) -> bool:
    """Whether a link stays inside as long as no other link is in its way."""
    depth = item.path.count("/")
    for part in item.entry.link.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 1:
            return False
    return not item.entry.link.startswith("/")


_NAMES = {"file": "a file", "folder": "a folder", "symlink": "a link", "hardlink": "a hard link"}
