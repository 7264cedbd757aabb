"""A validated spec together with where each part of it stands in its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from vddkctl.site.diagnostic import KeyPath, Position

if TYPE_CHECKING:  # The models bring pydantic, which only loading a spec needs.
    from vddkctl.site.model import Site


class Source(Struct, frozen=True):
    """The file a spec came from. ``keys`` and ``values`` map a path to where its key and its value start."""

    name: str
    keys: Mapping[KeyPath, Position]
    values: Mapping[KeyPath, Position]

    def key(self, *path: str | int) -> Position:
        """Where the key stands; where the nearest enclosing one does when the path itself is not in the file."""
        return self._nearest(self.keys, path)

    def value(self, *path: str | int) -> Position:
        """Where the value stands; where the nearest enclosing one does when the path itself is not there."""
        return self._nearest(self.values, path)

    def at(self, *path: str | int) -> str:
        """``site.yaml:31``: the line of a key, for reports."""
        return f"{self.name}:{self.key(*path).line}"

    def _nearest(self, table: Mapping[KeyPath, Position], path: KeyPath) -> Position:
        for end in range(len(path), -1, -1):
            found = table.get(path[:end])
            if found:
                return found
        return Position(1, 1)


class LoadedSite(Struct, frozen=True):
    """What ``load`` gives: the site, where it stands, and ``sha256:…`` of its meaning (not of its layout)."""

    site: Site
    source: Source
    digest: str
