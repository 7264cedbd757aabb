"""YAML text → a tree of nodes that know where they stand.

The tree is made from the parser's events and not by its composer, because that one loses two things: where an alias
stands (it gives the anchor's node), and keys that stand twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 40
"""Levels of nesting: a spec needs 7."""

_NOT_TEXT = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2 has no place for (section 5.1, "Character Set")."""

_STRICTER_THAN_YAML = frozenset(
    {"found unexpected ':'", "did not find expected ',' or '}'", "did not find expected ',' or ']'"}
)
"""What the C parser, which is one for YAML 1.1, also says of right YAML 1.2: ``{url: https://vcenter/sdk}``.

The parser in Python takes that, but needs twenty times as long.
"""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. ``plain``: not in quotes and not a block, so that it may be a number, a truth or null."""

    at: int
    text: str
    plain: bool
    tag: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    at: int
    items: tuple[Node, ...]
    tag: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, with its pairs as they are written: keys may be anything, and stand twice."""

    at: int
    pairs: tuple[tuple[Node, Node], ...]
    tag: str | None


@dataclass(frozen=True, slots=True)
class Alias:
    """``*name``. Without a ``target`` it has no meaning; the mistake has been told."""

    at: int
    target: Node | None


Node = Scalar | Listing | Table | Alias


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake of the YAML itself, at a character of the text."""

    at: int
    message: str
    suggestion: str | None = None


class Unreadable(Exception):  # noqa: N818 - not shown to anybody: it ends the reading
    """The text is no YAML from here on."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.flaw = flaw


def compose(text: str) -> tuple[Node | None, tuple[Flaw, ...]]:
    """The first document's tree (None: there is none), and what is wrong with it.

    Raises :class:`Unreadable` where the text is no YAML.
    """
    from ruamel.yaml.error import YAMLError

    from vddkctl.site.yaml_syntax import flaw_of

    strange = _NOT_TEXT.search(text)
    if strange:
        code = f"U+{ord(strange[0]):04X}"
        raise Unreadable(Flaw(strange.start(), f"{code} is not a character that YAML may hold"))
    try:
        return _compose(text, pure=False)
    except YAMLError as error:
        if getattr(error, "problem", None) in _STRICTER_THAN_YAML:
            with suppress(YAMLError, ValueError):  # ValueError: an escape beyond U+10FFFF
                return _compose(text, pure=True)
        raise Unreadable(flaw_of(error, text)) from None


def _compose(text: str, *, pure: bool) -> tuple[Node | None, tuple[Flaw, ...]]:
    from ruamel.yaml import YAML

    composer = _Composer(YAML(typ="safe", pure=pure).parse(text))
    return composer.document(), tuple(composer.flaws)


class _Composer:
    """Takes events, one after the other, and gives nodes."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node | None] = {}  # None: not finished yet
        self.flaws: list[Flaw] = []

    def document(self) -> Node | None:
        """The first document's root; a second document is a flaw."""
        from ruamel.yaml.events import DocumentStartEvent

        root: Node | None = None
        seen = 0
        for event in self._events:
            if not isinstance(event, DocumentStartEvent):
                continue
            seen += 1
            if seen > 1:
                self.flaws.append(
                    Flaw(event.start_mark.index, "a second document starts here; a spec is one")
                )
                break
            root = self._node(next(self._events), 1)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

        at: int = event.start_mark.index
        if depth > MAX_DEPTH:
            raise Unreadable(Flaw(at, f"nested more than {MAX_DEPTH} levels deep"))
        if isinstance(event, AliasEvent):
            return Alias(at, self._target(event.anchor, at))
        if event.anchor:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, ScalarEvent):
            node = Scalar(at, event.value, event.tag is None and event.implicit[0], event.tag)
        elif isinstance(event, MappingStartEvent):
            node = Table(at, self._pairs(depth), event.tag)
        else:
            node = Listing(at, tuple(self._items(depth)), event.tag)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _items(self, depth: int) -> Iterator[Node]:
        from ruamel.yaml.events import MappingEndEvent, SequenceEndEvent

        for event in self._events:
            if isinstance(event, (SequenceEndEvent, MappingEndEvent)):
                return
            yield self._node(event, depth + 1)

    def _pairs(self, depth: int) -> tuple[tuple[Node, Node], ...]:
        nodes = list(self._items(depth))
        return tuple(zip(nodes[::2], nodes[1::2], strict=True))

    def _target(self, name: str, at: int) -> Node | None:
        from vddkctl.site.words import nearest

        if name not in self._anchors:
            # The name is not repeated: it may be a password that starts with "*" and is not in quotes.
            message = 'no anchor above has this name; text that starts with "*" must be in quotes'
            self.flaws.append(Flaw(at, message, nearest(name, self._anchors)))
            return None
        target = self._anchors[name]
        if target is None:
            self.flaws.append(Flaw(at, "this alias stands inside what it refers to"))
        return target
