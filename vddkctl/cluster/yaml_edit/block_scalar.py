"""Text of several lines as a block scalar: ``|`` and ``>``, written new or rewritten line by line."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from msgspec import Struct

from vddkctl.cluster.yaml_edit.parse import parse
from vddkctl.cluster.yaml_edit.place import content_start, scalar_bounds
from vddkctl.cluster.yaml_edit.scalar_text import printable
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.cluster.yaml_edit.splice import Splice
from vddkctl.yamltext.nodes import Mapping, Scalar


class Block(Struct, frozen=True):
    """A block scalar: what stands behind the key, and the lines below it, without their line breaks."""

    header: str
    lines: tuple[str, ...]
    keeps: bool
    """Blank lines that follow it in the file would be part of it (``|+``)."""
    ends_line: bool
    """Its last line needs a line break, even at the end of a file."""


def can_be_block(value: str) -> bool:
    """Whether a block scalar can hold text: printable lines (tabs too), one of which is not blank."""
    return value.strip() != "" and all(printable(line.replace("\t", " ")) for line in value.split("\n"))


def literal(value: str, indent: int, parent_indent: int, chomp: str | None = None) -> Block:
    """Write text as ``|``, ``|-`` or ``|+``, its lines ``indent`` columns in; ``chomp``: the one to keep if it fits."""
    body = value.rstrip("\n")
    trailing = len(value) - len(body)
    first = next(line for line in body.split("\n") if line)
    digit = str(indent - parent_indent) if first[0] in " \t" else ""
    mark = {0: "-", 1: ""}.get(trailing, "+")
    if chomp == "+" and trailing:
        mark = "+"
    lines = [*body.split("\n"), *[""] * (trailing - 1)]
    pad = " " * indent
    return Block(
        f"|{digit}{mark}", tuple(pad + line if line else "" for line in lines), mark == "+", trailing > 0
    )


def folded(block: Block, old_lines: list[str], indent: int) -> Block:
    """Turn a literal block into a folded one that reads the same, taking over the old lines' wrapping."""
    pad = " " * indent
    wrapped: dict[str, list[str]] = {}
    paragraph: list[str] = []
    for line in [*old_lines, ""]:
        text = line[indent:]
        if text and text[0] not in " \t":
            paragraph.append(text)
            continue
        if paragraph:
            wrapped[" ".join(paragraph)] = paragraph
        paragraph = []
    result: list[str] = []
    previous = ""
    pending = 0  # blank lines since the last text
    for line in block.lines:
        text = line[indent:]
        if not text:
            pending += 1
            continue
        if previous and previous[0] not in " \t" and text[0] not in " \t":
            pending += 1  # a single break between two lines would fold into a space
        result += [""] * pending + [pad + part for part in wrapped.get(text, [text])]
        previous, pending = text, 0
    return Block(">" + block.header[1:], tuple(result + [""] * pending), block.keeps, block.ends_line)


def rewrite(source: Source, node: Scalar, value: str, parent_indent: int, step: int) -> list[Splice] | None:
    """Put new text into a block scalar; lines that stay keep their bytes. None: a block cannot hold the text."""
    if not can_be_block(value):
        return None
    bounds = scalar_bounds(source, node, parent_indent)
    raw = re.findall(r"[^\n]*\n|[^\n]+\Z", source.text[bounds.content : bounds.end])
    indent = bounds.indent if bounds.indent is not None else parent_indent + step
    block = literal(value, indent, parent_indent, bounds.chomp)
    if bounds.digit and len(block.header.strip("+-")) == 1:
        block = Block(
            f"|{indent - parent_indent}{block.header[1:]}", block.lines, block.keeps, block.ends_line
        )
    if len(block.header.strip("|+-")) > 1:
        return None  # the indicator is one digit
    if bounds.at_end and not bounds.chomp and not value.endswith("\n"):
        block = Block(block.header.rstrip("-"), block.lines, block.keeps, block.ends_line)
    if node.style == ">":
        block = _folded_if_exact(block, [line.rstrip("\r\n") for line in raw], indent, parent_indent, value)
    start = content_start(source, node)
    end = bounds.blank_end if block.keeps else bounds.end
    splices = (
        [Splice(start, start + len(bounds.header), block.header)] if block.header != bounds.header else []
    )
    text = _lines(source, raw, block, indent, end)
    if bounds.content == bounds.end and source.text[bounds.content - 1 : bounds.content] != "\n":
        text = source.eol(start) + text
    return [*splices, *_changed_lines(bounds.content, end, source.text, text)]


def _folded_if_exact(block: Block, raw: list[str], indent: int, parent_indent: int, value: str) -> Block:
    """Fold, unless reading that back gives other text (odd white space does)."""
    candidate = folded(block, raw, indent)
    text = " " * parent_indent + f"x: {candidate.header}\n" + "\n".join(candidate.lines)
    root = parse(Source(text + ("\n" if candidate.ends_line else ""))).root
    read = root.pairs[0][1] if isinstance(root, Mapping) else None
    return candidate if isinstance(read, Scalar) and read.value == value else block


def _lines(source: Source, raw: list[str], block: Block, indent: int, end: int) -> str:
    """Return the new lines, with the old bytes (line breaks, blanks at the end) of those that stay."""
    eol = source.eol(source.line_start(end) - 1) if raw else source.eol(end)
    old = [line.rstrip("\r\n") for line in raw]
    comparable = ["" if len(line) <= indent and not line.strip(" ") else line for line in old]
    new = list(block.lines)
    result = [line + eol for line in new]
    for tag, old_from, old_to, new_from, _ in SequenceMatcher(
        None, comparable, new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            for offset in range(old_to - old_from):
                line = raw[old_from + offset]
                result[new_from + offset] = line if line.endswith("\n") else line + eol
    if end == len(source.text) and not block.ends_line and not source.text.endswith("\n"):
        result[-1] = result[-1].rstrip("\r\n")
    return "".join(result)


def _changed_lines(start: int, end: int, text: str, new: str) -> list[Splice]:
    return [] if text[start:end] == new else [Splice(start, end, new)]


def fits_before(source: Source, index: int, block: Block, indent: int) -> bool:
    """Whether a new block may end where a line begins: blank lines and deep comments there could become part of it."""
    position = index
    while position < len(source.text):
        line = source.text[position : source.line_end(position)]
        if line.strip(" \t"):
            deep = len(line) - len(line.lstrip(" ")) >= indent
            return not (deep and line.lstrip(" ").startswith("#"))
        if block.keeps or len(line) > indent:
            return False
        position = source.next_line(position)
    return True
