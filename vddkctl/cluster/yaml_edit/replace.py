"""Putting a new value in the place of a scalar or an alias, in the style that is there."""

from __future__ import annotations

from typing import Any

from vddkctl.cluster.yaml_edit.block_scalar import Block, fits_before, rewrite
from vddkctl.cluster.yaml_edit.data import scalar_value
from vddkctl.cluster.yaml_edit.layout import Lines, added_lines, as_block, column
from vddkctl.cluster.yaml_edit.parse import Document
from vddkctl.cluster.yaml_edit.place import after_colon, content_start, properties, scalar_bounds
from vddkctl.cluster.yaml_edit.scalar_text import one_line
from vddkctl.cluster.yaml_edit.splice import Splice
from vddkctl.yamltext.nodes import Alias, Mapping, Node, Scalar

_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


def replace(
    document: Document, mapping: Mapping, pair: tuple[Node, Node], value: Any, width: int
) -> list[Splice]:
    """Set the value of a pair that is there. Raises ManifestError when it is no scalar."""
    node = pair[1]
    source = document.source
    if isinstance(node, Alias):
        return _put(document, mapping, pair, node.start, "", value, width)
    if not isinstance(node, Scalar):
        raise source.error(
            node.start, "text is expected here, but this is a mapping or a list", "change it by hand"
        )
    start = content_start(source, node)
    prefix = [item for item in properties(source, node) if item[0] == "&" or node.tag in _TEXT_TAGS]
    moved: list[Splice] = []
    if document.aliases_of(node):
        moved = move_anchor(document, node, width)
        prefix = [item for item in prefix if item[0] != "&"]
    if node.style in ("|", ">"):
        return [
            *moved,
            *_properties(document, node, prefix),
            *_put_block(document, mapping, node, value, width),
        ]
    style = node.style
    if not mapping.flow and "\n" in node.value and style == '"':
        return [
            *moved,
            *_properties(document, node, prefix),
            Splice(start, node.end, one_line(value, '"', flow=False)),
        ]
    before = "".join(f"{item} " for item in prefix)
    return [*moved, *_put(document, mapping, pair, node.start, before, value, width)]


def move_anchor(document: Document, node: Scalar, width: int) -> list[Splice]:
    """Give the first alias of a scalar the scalar's value and anchor, so that all aliases stay what they are."""
    source = document.source
    alias = document.aliases_of(node)[0]
    tag = [item for item in properties(source, node) if item[0] == "!"]
    prefix = "".join(f"{item} " for item in [f"&{node.anchor}", *tag])
    value = scalar_value(node)
    if not isinstance(value, str) or (tag and not node.style):
        text = source.text[content_start(source, node) : node.end]
        return [Splice(alias.start, alias.end, (prefix + text).rstrip())]
    parent = alias.parent
    if isinstance(parent, Mapping):
        for pair in parent.pairs:
            if pair[1] is alias:
                return _put(document, parent, pair, alias.start, prefix, value, width, style=node.style)
    return [Splice(alias.start, alias.end, prefix + one_line(value, '"', flow=True))]


def _put(
    document: Document,
    mapping: Mapping,
    pair: tuple[Node, Node],
    start: int,
    prefix: str,
    value: Any,
    width: int,
    style: str | None = None,
) -> list[Splice]:
    """Write ``prefix`` and a value from ``start`` to the end of a one-line value (or one that may become it)."""
    source = document.source
    key, node = pair
    if style is None:
        style = node.style if isinstance(node, Scalar) else ""
    indent = 0 if mapping.flow else column(source, mapping) + width
    block = None if mapping.flow else as_block(value, indent, indent - width)
    at = source.next_line(node.end)
    colon = after_colon(source, key)
    if block and colon is not None and fits_before(source, at, block, indent):
        return _put_new_block(document, block, (colon, start, node.end), prefix, at)
    text = prefix + one_line(value, style, flow=mapping.flow, json_only=document.json)
    if node.start == node.end:  # nothing stands here
        if colon is None:
            return [Splice(pair[0].end, pair[0].end, f": {text}")]
        return [Splice(colon, colon, f" {text}")]
    return [Splice(start, node.end, text)]


def _put_new_block(
    document: Document, block: Block, places: tuple[int, int, int], prefix: str, at: int
) -> list[Splice]:
    source = document.source
    colon, start, end = places
    if not source.text[colon:start].strip():  # the value may stand on the line below its key
        start, prefix = colon, " " + prefix
    lines = added_lines(source, at, Lines(block.lines, block.keeps, block.ends_line))
    return [Splice(start, end, prefix + block.header), Splice(at, at, lines)]


def _put_block(document: Document, mapping: Mapping, node: Scalar, value: Any, width: int) -> list[Splice]:
    source = document.source
    indent = column(source, mapping)
    splices = rewrite(source, node, value, indent, width) if isinstance(value, str) else None
    if splices is not None:
        return splices
    bounds = scalar_bounds(source, node, indent)
    start = content_start(source, node)
    return [
        Splice(start, start + len(bounds.header), one_line(value, '"', flow=False)),
        Splice(bounds.content, bounds.end, ""),
    ]


def _properties(document: Document, node: Scalar, prefix: list[str]) -> list[Splice]:
    """Keep only these of a scalar's anchor and tag."""
    source = document.source
    if prefix == properties(source, node):
        return []
    start = content_start(source, node)
    return [Splice(node.start, start, "".join(f"{item} " for item in prefix))]
