"""What a single YAML value means, by the core schema of YAML 1.2 (section 10.3.2): ``yes`` and ``on`` are text."""

from __future__ import annotations

import re

Plain = str | int | float | bool | None

_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})

_LONGEST_INT = 1000
"""Python refuses to read an int of more than 4,300 digits."""

_TAG_OF = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}


def plain_value(text: str) -> Plain:
    """The value of a scalar that is not in quotes."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _DECIMAL.fullmatch(text) and len(text) <= _LONGEST_INT:
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


def tagged_value(text: str, tag: str) -> tuple[bool, Plain]:
    """The value of ``!!int 5`` and its like, and whether the tag fits it."""
    if tag in {"!", "tag:yaml.org,2002:str"}:
        return True, text
    value = plain_value(text)
    return tag == f"tag:yaml.org,2002:{_TAG_OF[type(value)]}", value
