"""A document as a tree of nodes that know their places in the text.

The tree is made from the C parser's events, which is faster than its composer and keeps what composing
throws away: anchors, and where an alias stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from vddkctl.cluster.yaml_edit.source import Source


@dataclass(slots=True, eq=False)
class Scalar:
    """Text. ``style`` is empty (plain), ``'``, ``"``, ``|`` or ``>``. Places are character indices."""

    start: int
    end: int
    anchor: str | None
    tag: str | None
    value: str
    style: str


@dataclass(slots=True, eq=False)
class Alias:
    """``*name``; ``parent`` is the collection it stands in."""

    start: int
    end: int
    name: str
    target: Node
    parent: Mapping | Sequence | None


@dataclass(slots=True, eq=False)
class Mapping:
    """Pairs in the order of the text."""

    start: int
    end: int
    anchor: str | None
    flow: bool
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Sequence:
    """Items in the order of the text."""

    start: int
    end: int
    anchor: str | None
    flow: bool
    items: list[Node] = field(default_factory=list)


Node: TypeAlias = Scalar | Alias | Mapping | Sequence


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One parsed document. ``root`` is None when it holds nothing. ``json``: it is JSON, and must stay so."""

    source: Source
    root: Node | None
    aliases: tuple[Alias, ...] = ()
    json: bool = False

    def aliases_of(self, node: Node) -> list[Alias]:
        """Aliases that stand for a node, in the order of the text."""
        return [alias for alias in self.aliases if alias.target is node]


def resolved(node: Node) -> Scalar | Mapping | Sequence:
    """Return what an alias stands for; another node is itself."""
    while isinstance(node, Alias):
        node = node.target
    return node


def walk(node: Node) -> Iterator[Node]:
    """Give a node and all below it; an alias is not followed."""
    yield node
    if isinstance(node, Mapping):
        for key, value in node.pairs:
            yield from walk(key)
            yield from walk(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from walk(item)
