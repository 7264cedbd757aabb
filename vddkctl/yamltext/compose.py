"""Text → :class:`~vddkctl.yamltext.nodes.Tree`.

The tree is made from the C parser's events and not by its composer: that one is slower and loses anchors, where an
alias stands, and keys that stand twice.
"""

from __future__ import annotations

import re
from typing import Any

from vddkctl.yamltext.colons import masked
from vddkctl.yamltext.complaint import in_plain_words
from vddkctl.yamltext.nodes import Alias, Anchored, Mapping, Node, Scalar, Sequence, Tree

_NOT_TEXT = r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""What YAML 1.2 has no place for (section 5.1, "Character Set"). Ten milliseconds to compile: when it is needed."""


class YamlError(Exception):
    """Text that is no YAML from the character ``at`` on. A reader makes it an error of its own: it knows the file."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def compose(text: str, max_depth: int) -> Tree:
    """Read the first document of a text that has no byte order mark.

    ``max_depth`` is how deep collections may nest; it bounds the stack of whoever walks the tree.
    Raises :class:`YamlError`.
    """
    from ruamel.yaml.error import YAMLError

    try:
        return _Composer(max_depth, {}).tree(text)
    except (YAMLError, UnicodeEncodeError) as error:  # the latter: half of a surrogate pair
        strange = re.search(_NOT_TEXT, text)
        if strange:
            code = f"U+{ord(strange[0]):04X}"
            raise YamlError(strange.start(), f"{code} is not a character that YAML may hold") from None
        mistake = YamlError(*in_plain_words(error, text))
    disguise = masked(text)
    if disguise is None:
        raise mistake
    try:
        return _Composer(max_depth, disguise.back).tree(disguise.text)
    except YAMLError as error:
        raise YamlError(*in_plain_words(error, text)) from None


class _Composer:
    """Takes events, one after the other, and gives nodes. ``back``: for ``str.translate``, what was masked."""

    def __init__(self, max_depth: int, back: dict[int, str]) -> None:
        self._max_depth = max_depth
        self._back = back
        self._root: Node | None = None
        self._aliases: list[Alias] = []
        self._anchors: dict[str, Anchored] = {}
        self._open: list[tuple[Mapping | Sequence, list[Node]]] = []

    def tree(self, text: str) -> Tree:
        from ruamel.yaml import events
        from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]

        parser = CParser(text)
        documents = 0
        second: int | None = None
        while (event := parser.get_event()) is not None:
            kind = type(event)
            if kind is events.ScalarEvent:
                self._scalar(event)
            elif kind is events.MappingStartEvent:
                self._begin(event, Mapping)
            elif kind is events.SequenceStartEvent:
                self._begin(event, Sequence)
            elif kind in (events.MappingEndEvent, events.SequenceEndEvent):
                self._finish(event.end_mark.index)
            elif kind is events.AliasEvent:
                self._alias(event)
            elif kind is events.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    second = event.start_mark.index
                    break
        return Tree(self._root, tuple(self._aliases), second)

    def _scalar(self, event: Any) -> None:
        value = event.value.translate(self._back) if self._back else event.value
        start, end = event.start_mark.index, event.end_mark.index
        node = Scalar(start, end, event.anchor, event.tag, value, event.style or "")
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        self._add(node)

    def _begin(self, event: Any, kind: type[Mapping | Sequence]) -> None:
        start = event.start_mark.index
        if len(self._open) >= self._max_depth:
            raise YamlError(start, f"nested more than {self._max_depth} levels deep")
        node = kind(start, start, event.anchor, event.tag, bool(event.flow_style))
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        self._add(node)
        self._open.append((node, []))

    def _finish(self, end: int) -> None:
        node, children = self._open.pop()
        node.end = end
        if isinstance(node, Mapping):
            node.pairs = list(zip(children[::2], children[1::2], strict=True))
        else:
            node.items = children

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        target = self._anchors.get(event.anchor)
        fault = ""
        if target is None:
            # The name is not repeated: it may be a password that starts with "*" and is not in quotes.
            fault = 'no anchor above has this name; text that starts with "*" must be in quotes'
        elif any(target is node for node, _ in self._open):
            fault = "this alias stands inside what it refers to"
        if target is None or fault:
            target = Scalar(start, end, None, None, "", "")
        parent = self._open[-1][0] if self._open else None
        alias = Alias(start, end, event.anchor, target, parent, fault)
        self._aliases.append(alias)
        self._add(alias)

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        else:
            self._root = node
