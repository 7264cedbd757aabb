"""Nodes → plain data, as Kubernetes' own YAML reader understands them.

Plain scalars follow go-yaml v2, which kubectl uses: the words of YAML 1.1 (``yes``, ``off``) are booleans,
while its timestamps and base-60 numbers are text.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.yamltext.nodes import Mapping, Node, Scalar, Sequence, resolved

_MAX_DIGITS = 300  # more are never meant as a number, and Python writes no number of thousands of digits
_MAX_NODES = 1_000_000  # after aliases are followed: a few lines of them can stand for billions

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INT = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TAG = "tag:yaml.org,2002:"


def plain_value(text: str) -> Any:
    """Return what a plain (unquoted) scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


def _integer(text: str) -> Any:
    digits = text.replace("_", "")
    sign, digits = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
    if len(digits) > _MAX_DIGITS:
        return text
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    try:
        return int(sign + ("0o" + digits.lstrip("0").rjust(1, "0") if octal else digits), 0)
    except ValueError:  # 089
        return float(sign + digits) if _FLOAT.fullmatch(digits) else text


def _float(text: str) -> Any:
    value = float(text)
    return value if isfinite(value) else text  # go-yaml, too, takes 1e999 for text


def scalar_value(node: Scalar) -> Any:
    """Return what a scalar means, with its style and its tag."""
    tag = node.tag
    if tag is None:
        return node.value if node.style else plain_value(node.value)
    if tag in (_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"):
        return plain_value(node.value)
    return node.value


def is_merge(key: Node) -> bool:
    """Whether a key is ``<<``, the merge key."""
    return isinstance(key, Scalar) and key.value == "<<" and key.plain


def key_text(key: Node) -> str:
    """Return a key as text; Kubernetes knows no other keys."""
    key = resolved(key)
    if not isinstance(key, Scalar):
        return f"<a key that is not text at {key.start}>"
    value = scalar_value(key)
    return value if isinstance(value, str) else json.dumps(value)


def data_of(source: Source, node: Node) -> Any:
    """Return the data of a node. Raises ManifestError: a key twice, a wrong merge, too many aliases."""
    return _Data(source).of(node)


def canonical(data: Any) -> str:
    """Return data as text that is the same for equal data only: ``1``, ``true`` and ``"1"`` all differ."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


class _Data:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.left = _MAX_NODES

    def of(self, node: Node) -> Any:
        self.left -= 1
        if self.left < 0:
            raise self.source.error(node.start, f"the aliases here stand for more than {_MAX_NODES:,} values")
        if isinstance(node, Scalar):
            return scalar_value(node)
        if isinstance(node, Mapping):
            return self.mapping(node)
        if isinstance(node, Sequence):
            return [self.of(item) for item in node.items]
        return self.of(node.target)

    def mapping(self, node: Mapping) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[Node] = []
        for key, value in node.pairs:
            if is_merge(key):
                merged.append(value)
                continue
            name = key_text(key)
            if name in result:
                raise self.source.error(key.start, f'the key "{name}" is here a second time')
            result[name] = self.of(value)
        for value in merged:
            for mapping in merge_sources(self.source, value):
                for name, item in self.mapping(mapping).items():
                    result.setdefault(name, item)
        return result


def merge_sources(source: Source, value: Node) -> list[Mapping]:
    """Return the mappings that a ``<<`` takes keys from, the one that wins first."""
    found = resolved(value)
    candidates = [resolved(item) for item in found.items] if isinstance(found, Sequence) else [found]
    mappings = [item for item in candidates if isinstance(item, Mapping)]
    if len(mappings) != len(candidates):
        raise source.error(value.start, "a merge key (<<) takes a mapping, or a list of mappings")
    return mappings


def find_pair(node: Mapping, name: str) -> tuple[Node, Node] | None:
    """Return the pair that stands in a mapping itself under a key; what is merged into it is not looked at."""
    for key, value in node.pairs:
        if not is_merge(key) and key_text(key) == name:
            return key, value
    return None


def find_merged(source: Source, node: Mapping, name: str) -> tuple[Node, Node] | None:
    """Return the pair that a merge key brings into a mapping."""
    for key, value in node.pairs:
        if is_merge(key):
            for mapping in merge_sources(source, value):
                found = find_pair(mapping, name) or find_merged(source, mapping, name)
                if found:
                    return found
    return None
