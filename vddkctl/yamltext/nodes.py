"""What a YAML text is made of. Places are offsets of characters: a node is what stands from ``start`` to ``end``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct, field


class Scalar(Struct, eq=False):
    """A single value as text. ``style`` is empty (neither quotes nor a block), ``'``, ``"``, ``|`` or ``>``."""

    start: int
    end: int
    anchor: str | None
    tag: str | None
    value: str
    style: str

    @property
    def plain(self) -> bool:
        """Whether it may be a number, a truth or null."""
        return not self.style and self.tag is None


class Mapping(Struct, eq=False):
    """Pairs in the order of the text: keys may be anything, and stand twice."""

    start: int
    end: int
    anchor: str | None
    tag: str | None
    flow: bool
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


class Sequence(Struct, eq=False):
    """Items in the order of the text."""

    start: int
    end: int
    anchor: str | None
    tag: str | None
    flow: bool
    items: list[Node] = field(default_factory=list)


Anchored: TypeAlias = Scalar | Mapping | Sequence


class Alias(Struct, eq=False):
    """``*name``; ``parent`` is the collection it stands in.

    ``fault`` says why it stands for nothing, and is empty for a right one. The target is then empty text.
    """

    start: int
    end: int
    name: str
    target: Anchored
    parent: Mapping | Sequence | None
    fault: str = ""


Node: TypeAlias = Anchored | Alias


class Tree(Struct, frozen=True):
    """The first document of a text: ``root`` is None when it holds nothing.

    ``second`` is where another document starts; nothing behind that was read.
    """

    root: Node | None
    aliases: tuple[Alias, ...]
    second: int | None


def resolved(node: Node) -> Anchored:
    """Return what an alias stands for; another node is itself."""
    return node.target if isinstance(node, Alias) else node


def walk(node: Node) -> Iterator[Node]:
    """Give a node and all below it, in the order of the text; an alias is not followed."""
    yield node
    if isinstance(node, Mapping):
        for key, value in node.pairs:
            yield from walk(key)
            yield from walk(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from walk(item)
