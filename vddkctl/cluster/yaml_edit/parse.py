"""Text → :class:`~vddkctl.cluster.yaml_edit.tree.Document`, for YAML by libyaml's events, for JSON by hand."""

from __future__ import annotations

import re
from typing import Any

from vddkctl.cluster.yaml_edit.parse_json import parse_json
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.cluster.yaml_edit.tree import Alias, Document, Mapping, Node, Scalar, Sequence
from vddkctl.errors import ManifestError

_LIKE_JSON = re.compile(r"(?:---(?=\s))?\s*\{")
_MAX_DEPTH = 100  # of a manifest; deeper text is a mistake or an attack, and would exhaust the stack


def parse(source: Source, *, json_only: bool = False) -> Document:
    """Parse one document. Raises ManifestError with file:line:column.

    Text that is JSON is read as JSON, also in a ``.yaml`` file, so that edits keep it JSON.
    """
    if json_only:
        return Document(source, parse_json(source), json=True)
    if _LIKE_JSON.match(source.text):
        try:
            return Document(source, parse_json(source), json=True)
        except ManifestError:
            pass  # a flow mapping of YAML
    return _parse_yaml(source)


def _parse_yaml(source: Source) -> Document:
    from ruamel.yaml.error import YAMLError

    try:
        return _built(source, {})
    except YAMLError as error:
        mistake = _syntax_error(source, error)
    # This libyaml refuses `{image: host/name:tag}`, which YAML 1.2 and kubectl take. Once more, with other
    # characters in the place of such colons; what was a colon is one again in the nodes.
    disguised = _disguised(source.text)
    if not disguised:
        raise mistake
    text, masks = disguised
    try:
        document = _built(Source(text, source.file, source.first_line), masks)
    except (YAMLError, ManifestError):
        raise mistake from None
    return Document(source, document.root, document.aliases)


def _built(source: Source, masks: dict[int, str]) -> Document:
    builder = _Builder(source, masks)
    root = builder.build()
    return Document(source, root, tuple(builder.aliases))


_INNER = re.compile(r"""(?<=[^\s"'\]}])[:?](?=[^\s,\[\]{}])""")


def _disguised(text: str) -> tuple[str, dict[int, str]] | None:
    """Put characters that the text does not have in the place of ``:`` and ``?`` inside words."""
    free = [char for char in map(chr, range(0xE000, 0xE400)) if char not in text][:2]
    if len(free) < 2 or not _INNER.search(text):
        return None
    colon, question = free
    masked = _INNER.sub(lambda found: colon if found.group() == ":" else question, text)
    return masked, {ord(colon): ":", ord(question): "?"}


def _syntax_error(source: Source, error: Any) -> ManifestError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        index, what = mark.index, error.problem or error.context
    else:  # a reader's error counts bytes
        offset = getattr(error, "position", 0) or 0
        index = len(source.text.encode()[:offset].decode(errors="ignore"))
        what = getattr(error, "reason", None) or "it cannot be read"
    return source.error(min(index, len(source.text)), f"this is not valid YAML: {what}")


class _Builder:
    def __init__(self, source: Source, masks: dict[int, str]) -> None:
        self.source = source
        self.masks = masks
        self.aliases: list[Alias] = []
        self._anchors: dict[str, Node] = {}
        self._open: list[tuple[Mapping | Sequence, list[Node]]] = []
        self._root: Node | None = None

    def build(self) -> Node | None:
        from ruamel.yaml import events
        from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]

        parser = CParser(self.source.text)
        documents = 0
        while (event := parser.get_event()) is not None:
            kind = type(event)
            if kind is events.ScalarEvent:
                self._scalar(event)
            elif kind is events.MappingStartEvent:
                mark = event.start_mark.index
                self._begin(Mapping(mark, mark, event.anchor, bool(event.flow_style)))
            elif kind is events.SequenceStartEvent:
                mark = event.start_mark.index
                self._begin(Sequence(mark, mark, event.anchor, bool(event.flow_style)))
            elif kind in (events.MappingEndEvent, events.SequenceEndEvent):
                self._finish(event.end_mark.index)
            elif kind is events.AliasEvent:
                self._alias(event)
            elif kind is events.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self.source.error(event.start_mark.index, "a second document begins here")
        return self._root

    def _scalar(self, event: Any) -> None:
        start = event.start_mark.index
        value, tag = event.value, event.tag
        if self.masks:
            value, tag = value.translate(self.masks), tag and tag.translate(self.masks)
        node = Scalar(start, event.end_mark.index, event.anchor, tag, value, event.style or "")
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        self._add(node)

    def _begin(self, node: Mapping | Sequence) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise self.source.error(node.start, f"this is nested deeper than {_MAX_DEPTH} levels")
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
        start = event.start_mark.index
        target = self._anchors.get(event.anchor)
        if target is None:
            raise self.source.error(start, f"no anchor &{event.anchor} stands before this alias")
        if any(target is node for node, _ in self._open):
            raise self.source.error(start, f"the alias *{event.anchor} contains itself")
        parent = self._open[-1][0] if self._open else None
        alias = Alias(start, event.end_mark.index, event.anchor, target, parent)
        self.aliases.append(alias)
        self._add(alias)

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        else:
            self._root = node
