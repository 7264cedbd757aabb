"""Putting pairs into block mappings, and taking them out: whole lines come and go."""

from __future__ import annotations

from typing import Any

from vddkctl.cluster.yaml_edit.data import data_of
from vddkctl.cluster.yaml_edit.layout import Lines, added_lines, column, pair_lines
from vddkctl.cluster.yaml_edit.parse import Document
from vddkctl.cluster.yaml_edit.place import (
    after_colon,
    content_start,
    last_leaf,
    lines_end,
    properties_end,
    scalar_bounds,
)
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.cluster.yaml_edit.splice import Splice
from vddkctl.yamltext.nodes import Alias, Mapping, Node, Scalar

_BY_HAND = (
    "change this object by hand: only keys that begin their line, with their value behind `key:`, are edited"
)


def insert(
    document: Document, mapping: Mapping, names: tuple[str, ...], value: Any, width: int
) -> list[Splice]:
    """Add a pair (of nested mappings, for several names) below a mapping's last line."""
    source = document.source
    at = _new_line(source, mapping)
    lines = pair_lines(source, mapping, names, value, column(source, mapping), width, at)
    return [Splice(at, at, added_lines(source, at, lines))]


def _new_line(source: Source, mapping: Mapping) -> int:
    """Where a new pair begins: below the last one, or above it where a line break would change its value."""
    leaf = last_leaf(mapping)
    if isinstance(leaf, Scalar) and leaf.style in ("|", ">"):
        bounds = scalar_bounds(source, leaf)
        if bounds.at_end and bounds.chomp != "-":
            if len(mapping.pairs) > 1:
                return lines_end(source, mapping.pairs[-2][1])
            _check_lines(source, mapping.pairs[0])
            return source.line_start(mapping.pairs[0][0].start)
    return lines_end(source, mapping)


def fill(
    document: Document,
    outer: Mapping,
    pair: tuple[Node, Node],
    names: tuple[str, ...],
    value: Any,
    width: int,
) -> list[Splice]:
    """Turn ``key:``, ``key: ~`` or ``key: {}`` into a block mapping with one pair."""
    source = document.source
    key, empty = pair
    _check_lines(source, pair)
    at = source.next_line(max(empty.end, _colon(source, key)))
    lines = pair_lines(source, outer, names, value, column(source, outer) + width, width, at)
    return [*_cut_value(source, key, empty), Splice(at, at, added_lines(source, at, lines))]


def expand(
    document: Document,
    outer: Mapping,
    pair: tuple[Node, Alias],
    names: tuple[str, ...],
    value: Any,
    width: int,
) -> list[Splice]:
    """Put a copy of what an alias stands for in its place, with one field set (None: unset)."""
    source = document.source
    key, alias = pair
    _check_lines(source, pair)
    data = with_field(data_of(source, alias.target), names, value)
    if not data:
        return [Splice(alias.start, alias.end, "{}")]
    at = source.next_line(alias.end)
    lines: list[str] = []
    last = Lines(())
    for name, item in data.items():
        last = pair_lines(source, outer, (name,), item, column(source, outer) + width, width, at)
        lines += last.lines
    new = Lines(tuple(lines), last.keeps, last.ends_line)
    return [*_cut_value(source, key, alias), Splice(at, at, added_lines(source, at, new))]


def with_field(data: Any, names: tuple[str, ...], value: Any) -> Any:
    """Return data with one field set, or with it unset; an unset one that is null stays so."""
    if not isinstance(data, dict):
        if value is None:
            return data
        data = {}
    name, rest = names[0], names[1:]
    if rest:
        if name not in data and value is None:
            return data
        return {**data, name: with_field(data.get(name), rest, value)}
    if value is None:
        return {key: item for key, item in data.items() if key != name or item is None}
    return {**data, name: value}


def remove(document: Document, owner: Node | None, mapping: Mapping, pair: tuple[Node, Node]) -> list[Splice]:
    """Take out a pair with its lines; the mapping becomes ``{}`` behind its key when it was the only one."""
    source = document.source
    key = pair[0]
    _check_lines(source, pair)
    cut = Splice(source.line_start(key.start), _lines_end_of(source, pair), "")
    if len(mapping.pairs) > 1:
        return [cut]
    if owner is None:
        raise source.error(
            key.start, "this is the only field of its object, and cannot be taken out", _BY_HAND
        )
    at = (
        properties_end(source, mapping)
        if content_start(source, mapping) != mapping.start
        else _colon(source, owner)
    )
    return [Splice(at, at, " {}"), cut]


def _lines_end_of(source: Source, pair: tuple[Node, Node]) -> int:
    key, value = pair
    if isinstance(value, Scalar) and value.start == value.end:
        return source.next_line(_colon(source, key))
    return lines_end(source, value)


def _cut_value(source: Source, key: Node, value: Node) -> list[Splice]:
    """Take out what stands behind ``key:``, and the blanks before it; an anchor without aliases stays."""
    end = value.end
    start = content_start(source, value)
    if start == end:
        return []
    before = len(source.text[:start].rstrip(" \t"))
    return [Splice(max(before, _colon(source, key)), end, "")]


def _colon(source: Source, key: Node) -> int:
    found = after_colon(source, key)
    if found is None:
        raise source.error(key.start, "this key is written in a way that cannot be edited", _BY_HAND)
    return found


def _check_lines(source: Source, pair: tuple[Node, Node]) -> None:
    if not source.begins_line(pair[0].start):
        raise source.error(
            pair[0].start, "this key does not begin its line, so it cannot be edited", _BY_HAND
        )
    _colon(source, pair[0])
