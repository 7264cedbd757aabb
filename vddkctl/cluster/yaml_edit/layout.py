"""How the text around a place is laid out, so that what is added looks like its neighbours."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from vddkctl.cluster.yaml_edit.block_scalar import Block, can_be_block, fits_before, literal
from vddkctl.cluster.yaml_edit.data import scalar_value
from vddkctl.cluster.yaml_edit.scalar_text import is_safe_plain, one_line
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.yamltext.nodes import Mapping, Scalar

_QUOTES = ("'", '"')


def column(source: Source, mapping: Mapping) -> int:
    """Column of a block mapping's keys."""
    first = mapping.pairs[0][0].start
    return first - source.line_start(first)


def step(source: Source, outer: Mapping) -> int:
    """How many columns a nested block mapping is further in, as an object's own children show; else 2."""
    if not outer.flow:
        for _, value in outer.pairs:
            if isinstance(value, Mapping) and not value.flow and value.pairs:
                return max(1, column(source, value) - column(source, outer))
    return 2


def key_like(mapping: Mapping, name: str) -> str:
    """Write a key in the quotes of a mapping's last key, where all of its keys have some."""
    styles = [key.style if isinstance(key, Scalar) else "" for key, _ in mapping.pairs]
    style = styles[-1] if styles and all(each in _QUOTES for each in styles) else ""
    return one_line(name, style, flow=mapping.flow)


def value_style(mapping: Mapping, value: Any) -> str:
    """Return the quotes for a new value: those that its neighbours have, where they did not need them."""
    scalars = [item for _, item in mapping.pairs if isinstance(item, Scalar) and item.tag is None]
    quoted = [item for item in scalars if item.style in _QUOTES]
    plain = any(not item.style and isinstance(scalar_value(item), str) for item in scalars)
    if not plain:
        for item in quoted:
            if is_safe_plain(item.value, flow=mapping.flow):
                return item.style
    if isinstance(value, str) and is_safe_plain(value, flow=mapping.flow):
        return ""
    return quoted[0].style if quoted else ""


def as_block(value: Any, indent: int, parent_indent: int) -> Block | None:
    """Return text of several lines as a ``|`` block; None for all else."""
    if not isinstance(value, str) or "\n" not in value or not can_be_block(value):
        return None
    return literal(value, indent, parent_indent)


class Lines(Struct, frozen=True):
    """New lines of block style, without their line breaks. See :class:`Block` for the two flags."""

    lines: tuple[str, ...]
    keeps: bool = False
    ends_line: bool = False


def pair_lines(
    source: Source, like: Mapping, names: tuple[str, ...], value: Any, indent: int, width: int, at: int
) -> Lines:
    """Write ``a: {b: value}`` as block lines, ``indent`` columns in, to stand at ``at``."""
    head = " " * indent + key_like(like, names[0]) + ":"
    if len(names) > 1:
        inner = pair_lines(source, like, names[1:], value, indent + width, width, at)
        return Lines((head, *inner.lines), inner.keeps, inner.ends_line)
    block = as_block(value, indent + width, indent)
    if block and fits_before(source, at, block, indent + width):
        return Lines((f"{head} {block.header}", *block.lines), block.keeps, block.ends_line)
    return Lines((f"{head} {one_line(value, value_style(like, value), flow=False)}",))


def added_lines(source: Source, at: int, new: Lines) -> str:
    """Return lines as the text to put at the start of a line, or at the end of a text that lacks a line break."""
    eol = source.eol(max(0, at - 1))
    text = eol.join(new.lines)
    if at > 0 and source.text[at - 1] != "\n":
        return eol + text + (eol if new.ends_line else "")
    return text + eol


class FlowLayout(Struct, frozen=True):
    """A flow mapping's habits. ``unit`` is one level of indentation where pairs have lines of their own."""

    json: bool
    colon: str
    comma: str
    unit: str | None

    def pair(self, like: Mapping, names: tuple[str, ...], value: Any, indent: str) -> str:
        """Write ``a: {b: value}`` in flow style; ``indent`` is that of the line it stands on."""
        key = one_line(names[0], '"', flow=True) if self.json else key_like(like, names[0])
        colon = self.colon if self.json or key[0] in _QUOTES else ": "
        if len(names) == 1:
            style = value_style(like, value)
            return key + colon + one_line(value, style, flow=True, json_only=self.json)
        return key + colon + self.nested(like, names[1:], value, indent)

    def nested(self, like: Mapping, names: tuple[str, ...], value: Any, indent: str) -> str:
        """Write ``{a: value}``, as JSON with a line of its own for the pair where the others have that."""
        if self.json and self.unit is not None:
            inner = self.pair(like, names, value, indent + self.unit)
            return f"{{\n{indent}{self.unit}{inner}\n{indent}}}"
        return f"{{{self.pair(like, names, value, indent)}}}"


def flow_layout(source: Source, mapping: Mapping, root: Mapping, *, json: bool) -> FlowLayout:
    """Learn the habits from a mapping's last pair, or, when it is empty, from the object it is in."""
    shown = mapping if mapping.pairs else root
    colon, comma = ": ", ", "
    if shown.pairs and shown.flow:
        key, value = shown.pairs[-1]
        between = source.text[key.end : value.start]
        colon = between if re.fullmatch(r" ?: ?", between) else ": "
        comma = "," if colon == ":" else ", "
        if len(shown.pairs) > 1:
            gap = source.text[shown.pairs[-2][1].end : key.start]
            comma = gap if re.fullmatch(r" ?, *", gap) else comma
    unit = None
    if root.flow and root.pairs and source.begins_line(root.pairs[0][0].start):
        outer = source.indentation(root.start)
        inner = source.indentation(root.pairs[0][0].start)
        unit = inner[len(outer) :] if inner.startswith(outer) and inner != outer else "  "
    return FlowLayout(json, colon, comma, unit)
