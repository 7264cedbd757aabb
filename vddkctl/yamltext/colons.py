"""Colons and question marks inside words of flow style: ``{image: host/name:tag}``.

YAML 1.2 takes them, and so does kubectl; the C parser, which is one for YAML 1.1, does not. Another character in
their place is no hindrance to it, and keeps every place as it is. The parser in Python needs twenty times as long.
"""

from __future__ import annotations

import re

from msgspec import Struct

_TAG_OR_DIRECTIVE = r"(?<![^\s,\[\]{}])!(?:<[^>\s]*>|[^\s,\[\]{}]*)|^%.*"
_BEFORE_TEXT = r"""(?:(?<=[^\s"'\]}])|(?<=[:,][ ]))[:?](?=[^\s,\[\]{}])"""
_IN_OR_BEHIND_WORD = r"""(?<=[^\s"',\[\]{}])\?"""
_MASKABLE = re.compile(f"{_TAG_OR_DIRECTIVE}|({_BEFORE_TEXT}|{_IN_OR_BEHIND_WORD})", re.MULTILINE)


class Masked(Struct, frozen=True):
    """A text with such characters masked; ``back`` undoes it in a value, by ``str.translate``."""

    text: str
    back: dict[int, str]


def masked(text: str) -> Masked | None:
    """Put characters that the text does not have in the place of ``:`` and ``?`` inside words; None: there are none."""
    free = [char for char in map(chr, range(0xE000, 0xE400)) if char not in text][:2]
    if len(free) < 2:
        return None
    masks = dict(zip(":?", free, strict=True))
    changed = _MASKABLE.sub(lambda found: masks[found[1]] if found[1] else found[0], text)
    return None if changed == text else Masked(changed, {ord(mask): char for char, mask in masks.items()})
