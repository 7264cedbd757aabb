"""Where the parts of a node begin and end in the text."""

from __future__ import annotations

import re

from msgspec import Struct

from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.yamltext.nodes import Alias, Mapping, Node, Scalar, Sequence

_PROPERTY = re.compile(r"&[^\s,\[\]{}]+|!<[^>]*>|![^\s,\[\]{}]*")
_HEADER = re.compile(r"[|>]([-+0-9]*)")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*(?:[ \t]+\Z)?")
_COLON = re.compile(r"[ \t]*:")
_SKIP = re.compile(r"(?:\s|#[^\n]*)*")


def properties(source: Source, node: Node) -> list[str]:
    """Return a node's anchor and tag as they are written (``&name``, ``!!str``)."""
    return [source.text[start:end] for start, end in _properties(source, node)]


def properties_end(source: Source, node: Node) -> int:
    """Where a node's anchor and tag end (the node's start when it has none)."""
    spans = _properties(source, node)
    return spans[-1][1] if spans else node.start


def content_start(source: Source, node: Node) -> int:
    """Where a node begins, behind its anchor and its tag."""
    spans = _properties(source, node)
    return min(skip_space(source, spans[-1][1]), node.end) if spans else node.start


def _properties(source: Source, node: Node) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    index = node.start
    while not isinstance(node, Alias) and index < node.end:
        found = _PROPERTY.match(source.text, index)
        if not found:
            break
        spans.append(found.span())
        index = skip_space(source, found.end())
    return spans


def after_colon(source: Source, key: Node) -> int | None:
    """Where the value of a key may begin: right behind the colon. None when there is no colon there."""
    found = _COLON.match(source.text, key.end)
    return found.end() if found else None


def skip_space(source: Source, index: int) -> int:
    """Where the next thing stands that is neither white space nor a comment; starts behind a whole token."""
    found = _SKIP.match(source.text, index)
    return found.end() if found else index


class ScalarBounds(Struct, frozen=True):
    """The parts of a block scalar.

    ``content`` is where its first line begins, ``end`` where the line after its last one does, ``blank_end`` the
    same behind blank lines that follow. ``indent`` is None when there is no line. ``chomp`` is ``""``, ``-`` or ``+``.
    ``at_end``: its last line ends the text, with no line break.
    """

    header: str
    chomp: str
    digit: str
    content: int
    end: int
    blank_end: int
    indent: int | None
    at_end: bool


def scalar_bounds(source: Source, node: Scalar, parent_indent: int = 0) -> ScalarBounds:
    """Return the parts of a block scalar (``|`` or ``>``)."""
    start = content_start(source, node)
    found = _HEADER.match(source.text, start)
    header = found.group() if found else "|"
    digit = "".join(char for char in header if char.isdigit())
    chomp = header.strip("|>0123456789")
    content = source.next_line(start)
    blank_end = max(content, node.end)
    if blank_end != len(source.text):
        blank_end = max(content, source.line_start(blank_end))
    found = _BLANK_LINES.match(source.text, blank_end)  # the parser may stop inside a blank line
    blank_end = found.end() if found else blank_end
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", source.text[content:blank_end])
    filled = [line for line in lines if line.strip()]
    indent = len(filled[0]) - len(filled[0].lstrip(" ")) if filled else None
    if digit:
        indent = parent_indent + int(digit)
    end = blank_end
    for line in reversed(lines):
        text = line.rstrip("\r\n")
        if text.strip(" ") or len(text) > (indent or 0):
            break
        end -= len(line)
    at_end = end == len(source.text) and not source.text.endswith("\n")
    return ScalarBounds(header, chomp, digit, content, end, blank_end, indent, at_end)


def last_leaf(node: Node) -> Node:
    """Return what stands last in a node of block style: the node itself when it is no block collection."""
    while isinstance(node, Mapping | Sequence) and not node.flow:
        node = node.pairs[-1][1] if isinstance(node, Mapping) else node.items[-1]
    return node


def lines_end(source: Source, node: Node) -> int:
    """Where the line after a node's last line begins; a comment on that last line belongs to the node."""
    leaf = last_leaf(node)
    if isinstance(leaf, Scalar) and leaf.style in ("|", ">"):
        bounds = scalar_bounds(source, leaf, parent_indent=-1)
        return bounds.blank_end if bounds.chomp == "+" else bounds.end
    return source.next_line(leaf.end)
