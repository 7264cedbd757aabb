"""JSON → nodes with places. libyaml reads most of JSON, but not its surrogate pairs."""

from __future__ import annotations

import re

from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ManifestError
from vddkctl.yamltext.nodes import Mapping, Node, Scalar, Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_LITERAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null", re.ASCII)
_MAX_DEPTH = 100


def parse_json(source: Source) -> Node | None:
    """Parse one JSON value; None when the text is empty (or only a document marker)."""
    index = 3 if source.text.startswith("---") else 0
    scanner = _Scanner(source)
    index = scanner.skip(index)
    if index == len(source.text):
        return None
    node = scanner.value(index, 0)
    rest = scanner.skip(node.end)
    if rest != len(source.text):
        raise scanner.error(rest, "nothing more is expected after the JSON value")
    return node


class _Scanner:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text

    def error(self, index: int, what: str) -> ManifestError:
        return self.source.error(index, f"this is not valid JSON: {what}")

    def skip(self, index: int) -> int:
        found = _SPACE.match(self.text, index)
        return found.end() if found else index

    def value(self, index: int, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self.error(index, f"it is nested deeper than {_MAX_DEPTH} levels")
        char = self.text[index : index + 1]
        if char == '"':
            return self.string(index)
        if char == "{":
            return self.object(index, depth)
        if char == "[":
            return self.array(index, depth)
        found = _LITERAL.match(self.text, index)
        if not found:
            raise self.error(index, "a value is expected here")
        return Scalar(index, found.end(), None, None, found.group(), "")

    def string(self, index: int) -> Scalar:
        from json import JSONDecodeError
        from json.decoder import scanstring  # type: ignore[attr-defined]

        if self.text[index : index + 1] != '"':
            raise self.error(index, "a key in double quotes is expected here")
        try:
            value, end = scanstring(self.text, index + 1, True)
        except JSONDecodeError as error:
            raise self.error(min(error.pos, len(self.text)), error.msg) from None
        return Scalar(index, end, None, None, value, '"')

    def object(self, start: int, depth: int) -> Mapping:
        node = Mapping(start, start, None, None, flow=True)
        index = self.skip(start + 1)
        while self.text[index : index + 1] != "}":
            if node.pairs:
                index = self.skip(self.expect(index, ","))
            key = self.string(index)
            colon = self.expect(self.skip(key.end), ":")
            value = self.value(self.skip(colon), depth + 1)
            node.pairs.append((key, value))
            index = self.skip(value.end)
        node.end = index + 1
        return node

    def array(self, start: int, depth: int) -> Sequence:
        node = Sequence(start, start, None, None, flow=True)
        index = self.skip(start + 1)
        while self.text[index : index + 1] != "]":
            if node.items:
                index = self.skip(self.expect(index, ","))
            item = self.value(index, depth + 1)
            node.items.append(item)
            index = self.skip(item.end)
        node.end = index + 1
        return node

    def expect(self, index: int, char: str) -> int:
        if self.text[index : index + 1] != char:
            raise self.error(index, f'"{char}" is expected here')
        return index + 1
