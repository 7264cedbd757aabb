"""Putting pairs into flow mappings (``{a: b}``, and so JSON), and taking them out: commas are the work."""

from __future__ import annotations

from typing import Any

from vddkctl.cluster.yaml_edit.layout import FlowLayout
from vddkctl.cluster.yaml_edit.parse import Document
from vddkctl.cluster.yaml_edit.place import content_start, skip_space
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.cluster.yaml_edit.splice import Splice
from vddkctl.yamltext.nodes import Mapping, Node


def insert(
    document: Document, mapping: Mapping, names: tuple[str, ...], value: Any, layout: FlowLayout
) -> list[Splice]:
    """Add a pair (of nested mappings, for several names) behind a mapping's last one."""
    source = document.source
    if not mapping.pairs:
        return _into_empty(source, mapping, names, value, layout)
    key, last = mapping.pairs[-1]
    end = last.end
    if not source.begins_line(key.start):
        pair = layout.pair(mapping, names, value, source.indentation(key.start))
        return [Splice(end, end, layout.comma + _with_eol(source, pair, key.start))]
    indent = source.indentation(key.start)
    eol = source.eol(key.start)
    pair = _with_eol(source, layout.pair(mapping, names, value, indent), key.start)
    after = _comma(source, end)
    if after is None:
        tail = _end_of_pair_line(source, end)
        return [Splice(end, end, ","), Splice(tail, tail, eol + indent + pair)]
    tail = _end_of_pair_line(source, after)
    return [Splice(tail, tail, f"{eol}{indent}{pair},")]


def _into_empty(
    source: Source, mapping: Mapping, names: tuple[str, ...], value: Any, layout: FlowLayout
) -> list[Splice]:
    inside = content_start(source, mapping) + 1
    close = mapping.end - 1
    between = source.text[inside:close]
    outer = source.indentation(mapping.start)
    if layout.json and layout.unit is not None:
        pair = layout.pair(mapping, names, value, outer + layout.unit)
        text = f"\n{outer}{layout.unit}{pair}\n{outer}"
        return [Splice(inside, close, _with_eol(source, text, mapping.start))]
    pair = layout.pair(mapping, names, value, outer)
    if "#" in between:  # a comment stays, above the new pair
        return [Splice(close, close, pair)]
    return [Splice(inside, close, pair)]


def remove(document: Document, mapping: Mapping, pair: tuple[Node, Node]) -> list[Splice]:
    """Take out a pair and the comma it no longer needs."""
    source = document.source
    key, end = pair[0], pair[1].end
    index = next(number for number, other in enumerate(mapping.pairs) if other[0] is key)
    after = _comma(source, end)
    if len(mapping.pairs) == 1:
        inside, close = content_start(source, mapping) + 1, mapping.end - 1
        text = source.text[inside : key.start] + source.text[after or end : close]
        return [Splice(inside, close, "")] if "#" not in text else [Splice(key.start, after or end, "")]
    last = index == len(mapping.pairs) - 1
    if _has_own_lines(source, key, after or end):
        cut = Splice(source.line_start(key.start), source.next_line(after or end), "")
        if not last or after is not None:
            return [cut]
        comma = _comma(source, mapping.pairs[index - 1][1].end) or key.start
        return [Splice(comma - 1, comma, ""), cut]
    if last:
        return [Splice(mapping.pairs[index - 1][1].end, end, "")]
    following = mapping.pairs[index + 1][0].start
    if index and source.text[after or end : following].strip(" \t"):
        return [Splice(mapping.pairs[index - 1][1].end, end, "")]
    return [Splice(key.start, following, "")]


def _comma(source: Source, end: int) -> int | None:
    """Where what follows a pair's comma begins; None when no comma follows."""
    index = skip_space(source, end)
    return index + 1 if source.text[index : index + 1] == "," else None


def _has_own_lines(source: Source, key: Node, end: int) -> bool:
    rest = source.text[end : source.line_end(end)].strip()
    return source.begins_line(key.start) and (not rest or rest.startswith("#"))


def _end_of_pair_line(source: Source, index: int) -> int:
    """Where to begin a new line: behind a comment on this line, or right here when more follows."""
    end = source.line_end(index)
    rest = source.text[index:end].strip()
    return end if rest.startswith("#") else index


def _with_eol(source: Source, text: str, near: int) -> str:
    return text.replace("\n", source.eol(near))
