"""How text is written as a scalar: plain where every YAML reader agrees that it is text, else in quotes."""

from __future__ import annotations

import json
import re
from typing import Any

# What a reader of YAML 1.1 or 1.2 could take for something else than text.
_NOT_TEXT = re.compile(
    r"""
      ~ | null | true | false | yes | no | on | off | y | n | = | <<
    | [-+]? (?: 0b[01_]+ | 0o[0-7_]+ | 0x[0-9a-f_]+ | \.(?:inf|nan)
              | [0-9][0-9_,]* (?: :[0-5]?[0-9] )* (?: \.[0-9_]* )? (?: e[-+]?[0-9]+ )?
              | \.[0-9_]+ (?: e[-+]?[0-9]+ )? )
    | \d{4}-\d\d?-\d\d? .*
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII | re.DOTALL,
)
# Printable in YAML and in JSON, and no line break in either (YAML 1.1 breaks lines at U+0085, U+2028, U+2029).
_PRINTABLE = re.compile("[ -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_INDICATORS = tuple("-?:,[]{}#&*!|>'\"%@`")


def printable(text: str) -> bool:
    """Whether text can stand as it is on one line."""
    return _PRINTABLE.fullmatch(text) is not None


def is_safe_plain(text: str, *, flow: bool) -> bool:
    """Whether text may stand without quotes and is then read as text, and as this text."""
    return (
        text != ""
        and text.strip() == text
        and printable(text)
        and not text.startswith(_INDICATORS)
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
        and not (flow and re.search(r"[,:?\[\]{}]", text))  # not every reader takes a colon there
        and not _NOT_TEXT.fullmatch(text)
    )


def as_json(value: Any) -> str:
    """Return data as JSON that is YAML too (which has no surrogate pairs): text in double quotes, for one."""
    return _UNPRINTABLE.sub(
        lambda found: f"\\u{ord(found.group()):04x}", json.dumps(value, ensure_ascii=False)
    )


def single_quoted(text: str) -> str | None:
    """Return text in single quotes, or None where they cannot hold it."""
    return "'" + text.replace("'", "''") + "'" if printable(text) else None


def one_line(value: Any, style: str, *, flow: bool, json_only: bool = False) -> str:
    """Return a value on one line, in a style (empty: plain, ``'`` or ``"``) as far as that can hold it.

    A value that is not text is written as JSON.
    """
    if not isinstance(value, str):
        return as_json(value)
    if json_only or style == '"':
        return as_json(value)
    if style != "'" and is_safe_plain(value, flow=flow):
        return value
    if style == "'" or '"' in value or "\\" in value:
        return single_quoted(value) or as_json(value)
    return as_json(value)
