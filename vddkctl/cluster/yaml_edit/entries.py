"""Entries of a list: which one an edit is about, and lists that get one more or one less."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from vddkctl.cluster.yaml_edit.block_mapping import with_field
from vddkctl.cluster.yaml_edit.data import find_pair
from vddkctl.cluster.yaml_edit.layout import Lines, added_lines
from vddkctl.cluster.yaml_edit.parse import Document
from vddkctl.cluster.yaml_edit.place import content_start, lines_end
from vddkctl.cluster.yaml_edit.scalar_text import as_json, one_line
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.cluster.yaml_edit.splice import Splice
from vddkctl.yamltext.nodes import Mapping, Node, Sequence

_BY_HAND = "change this list by hand"


class Entry(Struct, frozen=True):
    """An entry of the list at a path, by its number; the number after the last one is an entry to be."""

    items: tuple[str, ...]
    number: int


def list_of(document: Document, node: Mapping, entry: Entry) -> Sequence:
    """Return the list itself. Raises ManifestError where it is not written out in the object."""
    found: Node = node
    for name in entry.items:
        pair = find_pair(found, name) if isinstance(found, Mapping) else None
        if pair is None:
            raise document.source.error(
                node.start, f"{'.'.join(entry.items)} is not written out here", _BY_HAND
            )
        found = pair[1]
    if not isinstance(found, Sequence) or document.aliases_of(found):
        raise document.source.error(found.start, f"{'.'.join(entry.items)} is no list of its own", _BY_HAND)
    return found


def mapping_of(document: Document, node: Mapping, entry: Entry) -> Mapping:
    """Return an entry that is there. Raises ManifestError where it is no mapping of its own."""
    found = list_of(document, node, entry).items[entry.number]
    if not isinstance(found, Mapping) or document.aliases_of(found):
        raise document.source.error(found.start, "this entry is no mapping of its own", _BY_HAND)
    return found


def entry_splices(
    document: Document, node: Mapping, entry: Entry, value: dict[str, str] | None
) -> list[Splice]:
    """Put an entry behind the last one, or take one out (None); one that is not the only one."""
    items = list_of(document, node, entry)
    if value is None:
        return _removed(document.source, items, entry.number)
    if items.flow:
        text = as_json(value)
        if not items.items:
            at = content_start(document.source, items) + 1
            return [Splice(at, at, text)]
        end = items.items[-1].end
        return [Splice(end, end, f", {text}")]
    last = items.items[-1]
    at, indent = lines_end(document.source, last), _indent(document.source, last)
    pairs = [f"{key}: {one_line(item, '', flow=False)}" for key, item in value.items()]
    lines = (f"{indent}- {pairs[0]}", *(f"{indent}  {pair}" for pair in pairs[1:]))
    return [Splice(at, at, added_lines(document.source, at, Lines(lines)))]


def with_entry(data: Any, entry: Entry, path: tuple[str, ...], value: Any) -> Any:
    """Return data with a field of an entry set or unset; without a path, with the entry itself added or taken out."""
    items = data
    for name in entry.items:
        items = items[name]
    changed = list(items)
    if path:
        changed[entry.number] = with_field(changed[entry.number], path, value)
    elif value is None:
        del changed[entry.number]
    else:
        changed.append(value)
    return with_field(data, entry.items, changed)


def _removed(source: Source, items: Sequence, number: int) -> list[Splice]:
    item = items.items[number]
    if not items.flow:
        _indent(source, item)
        return [Splice(source.line_start(item.start), lines_end(source, item), "")]
    if number + 1 < len(items.items):
        return [Splice(item.start, items.items[number + 1].start, "")]
    return [Splice(items.items[number - 1].end if number else item.start, item.end, "")]


def _indent(source: Source, item: Node) -> str:
    """The blanks before an entry's dash, which begins its line."""
    before = source.text[source.line_start(item.start) : item.start]
    indent = before[: len(before) - len(before.lstrip(" "))]
    if before[len(indent) :].rstrip(" ") != "-":
        raise source.error(item.start, "this entry does not begin its line, so it cannot be edited", _BY_HAND)
    return indent
