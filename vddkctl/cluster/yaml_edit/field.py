"""One edit of one field: from the object down to the place, and what changes there."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from vddkctl.cluster.yaml_edit import block_mapping, flow_mapping
from vddkctl.cluster.yaml_edit.data import data_of, find_merged, find_pair, scalar_value
from vddkctl.cluster.yaml_edit.entries import Entry, entry_splices, mapping_of, with_entry
from vddkctl.cluster.yaml_edit.layout import column, flow_layout, step
from vddkctl.cluster.yaml_edit.parse import Document
from vddkctl.cluster.yaml_edit.place import skip_space
from vddkctl.cluster.yaml_edit.replace import move_anchor, replace
from vddkctl.cluster.yaml_edit.scalar_text import as_json
from vddkctl.cluster.yaml_edit.splice import Splice
from vddkctl.yamltext.nodes import Alias, Mapping, Node, Scalar, Sequence, walk

_BY_HAND = "change it by hand"


class Edit(Struct, frozen=True):
    """Set a field of an object, or unset it (None). ``item``: which of a List's items; None: the document itself.

    ``entry``: the path begins at this entry of a list; without a path, the entry itself comes (a mapping of texts), or
    goes.
    """

    item: int | None
    path: tuple[str, ...]
    value: Any | None
    entry: Entry | None = None


def field_splices(document: Document, edit: Edit) -> list[Splice]:
    """Return what to change in the text for one edit; nothing when the field is already so."""
    node = _object(document, edit.item)
    if edit.entry and not edit.path:
        return entry_splices(document, node, edit.entry, edit.value)
    if edit.entry:
        node = mapping_of(document, node, edit.entry)
    return _Walk(document, node, edit).splices()


def with_edit(data: Any, edit: Edit) -> Any:
    """Return an object's data with an edit made in it."""
    if edit.entry:
        return with_entry(data, edit.entry, edit.path, edit.value)
    return block_mapping.with_field(data, edit.path, edit.value)


def _object(document: Document, item: int | None) -> Mapping:
    root = document.root
    if isinstance(root, Mapping) and item is not None:
        _check_single(document, root)
        items = find_pair(root, "items")
        if items is None or not isinstance(items[1], Sequence):
            raise document.source.error(root.start, "the items of this List are not a list", _BY_HAND)
        _check_single(document, items[1])
        root = items[1].items[item]
    if not isinstance(root, Mapping):
        raise document.source.error(root.start if root else 0, "this object is an alias of another", _BY_HAND)
    _check_single(document, root)
    return root


def _check_single(document: Document, node: Node) -> None:
    """Refuse a collection that aliases show in other places too: an edit here would change those."""
    aliases = document.aliases_of(node)
    if aliases:
        source = document.source
        name = aliases[0].name
        raise source.error(
            node.start,
            f"what the anchor &{name} marks is used again on line {source.line(aliases[0].start)}",
            f"an edit here would change that place too: replace *{name} there by a copy, then run again",
        )


class _Walk(Struct, frozen=True):
    """From an object down to the field."""

    document: Document
    object: Mapping
    edit: Edit

    def splices(self) -> list[Splice]:
        node, owner = self.object, None
        path, value = self.edit.path, self.edit.value
        for depth, name in enumerate(path[:-1], 1):
            pair = find_pair(node, name)
            if pair is None:
                return self._missing_parent(node, path[depth - 1 :])
            below = pair[1]
            if isinstance(below, Alias):
                return self._expand(node, (pair[0], below), path[depth:])
            if self._is_empty(below):
                return [] if value is None else self._fill(node, pair, path[depth:])
            if not isinstance(below, Mapping):
                dotted = ".".join(path[:depth])
                raise self.document.source.error(below.start, f"{dotted} is not a mapping", _BY_HAND)
            _check_single(self.document, below)
            owner, node = pair[0], below
        return self._field(owner, node, path[-1])

    def _is_empty(self, node: Node) -> bool:
        if isinstance(node, Mapping):
            return not node.pairs
        return isinstance(node, Scalar) and scalar_value(node) is None

    def _field(self, owner: Node | None, mapping: Mapping, name: str) -> list[Splice]:
        value = self.edit.value
        pair = find_pair(mapping, name)
        if value is None:
            return self._unset(owner, mapping, name, pair)
        if pair is None:
            return self._insert(mapping, (name,))
        if isinstance(pair[1], Scalar) and scalar_value(pair[1]) == value and isinstance(value, str):
            return []
        return replace(self.document, mapping, pair, value, self._step())

    def _unset(
        self, owner: Node | None, mapping: Mapping, name: str, pair: tuple[Node, Node] | None
    ) -> list[Splice]:
        source = self.document.source
        merged = find_merged(source, mapping, name)
        if merged and data_of(source, merged[1]) is not None:
            raise source.error(
                merged[0].start,
                f"{'.'.join(self.edit.path)} comes from here through a merge key (<<), and cannot be unset",
                "take it out of what is merged, or replace the merge by the keys that are wanted",
            )
        if pair is None or data_of(source, pair[1]) is None:
            return []
        splices = self._free_anchors(pair)
        if mapping.flow:
            return [*splices, *flow_mapping.remove(self.document, mapping, pair)]
        return [*splices, *block_mapping.remove(self.document, owner, mapping, pair)]

    def _free_anchors(self, pair: tuple[Node, Node]) -> list[Splice]:
        """Save the anchors of what goes away for those who use them elsewhere."""
        if isinstance(pair[1], Scalar) and self.document.aliases_of(pair[1]):
            return move_anchor(self.document, pair[1], self._step())
        inside = [*walk(pair[0]), *walk(pair[1])]
        for node in inside:
            outside = [
                alias for alias in self.document.aliases_of(node) if not any(alias is own for own in inside)
            ]
            if outside:
                _check_single(self.document, node)
        return []

    def _missing_parent(self, mapping: Mapping, names: tuple[str, ...]) -> list[Splice]:
        merged = find_merged(self.document.source, mapping, names[0])
        if merged:
            raise self.document.source.error(
                merged[0].start,
                f'"{names[0]}" comes from here through a merge key (<<), and cannot be edited there',
                f'write "{names[0]}" out in the object itself, then run again',
            )
        return [] if self.edit.value is None else self._insert(mapping, names)

    def _insert(self, mapping: Mapping, names: tuple[str, ...]) -> list[Splice]:
        if mapping.flow:
            layout = flow_layout(self.document.source, mapping, self.object, json=self.document.json)
            return flow_mapping.insert(self.document, mapping, names, self.edit.value, layout)
        return block_mapping.insert(self.document, mapping, names, self.edit.value, self._step())

    def _fill(self, outer: Mapping, pair: tuple[Node, Node], names: tuple[str, ...]) -> list[Splice]:
        source = self.document.source
        empty = pair[1]
        _check_single(self.document, empty)
        if isinstance(empty, Mapping):
            if outer.flow or skip_space(source, source.text.index("{", empty.start) + 1) != empty.end - 1:
                return self._insert(empty, names)
            if "#" in source.text[empty.start : empty.end]:
                return self._insert(empty, names)
        elif outer.flow:
            layout = flow_layout(source, outer, self.object, json=self.document.json)
            text = layout.nested(outer, names, self.edit.value, source.indentation(pair[0].start))
            text = text.replace("\n", source.eol(pair[0].start))
            return [Splice(empty.start, empty.end, text if empty.start < empty.end else f" {text}")]
        return block_mapping.fill(self.document, outer, pair, names, self.edit.value, self._step())

    def _expand(self, outer: Mapping, pair: tuple[Node, Alias], names: tuple[str, ...]) -> list[Splice]:
        source = self.document.source
        before = data_of(source, pair[1].target)
        after = block_mapping.with_field(before, names, self.edit.value)
        if after == before:
            return []
        if not isinstance(before, dict):
            raise source.error(pair[1].start, f"*{pair[1].name} is not a mapping", _BY_HAND)
        if outer.flow:
            return [Splice(pair[1].start, pair[1].end, as_json(after))]
        return block_mapping.expand(self.document, outer, pair, names, self.edit.value, self._step())

    def _step(self) -> int:
        """How far in a nested mapping goes here: as far as the ones on the way to the field."""
        source, node = self.document.source, self.object
        width = step(source, node)
        for name in self.edit.path[:-1]:
            pair = find_pair(node, name)
            below = pair[1] if pair else None
            if not isinstance(below, Mapping) or below.flow or node.flow:
                break
            width, node = max(1, column(source, below) - column(source, node)), below
        return width
