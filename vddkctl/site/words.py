"""The words of a mistake: what was found, what was expected, and what was probably meant."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches

from vddkctl.site.diagnostic import KeyPath

_LONGEST = 60


def nearest(word: str, right: Iterable[str]) -> str | None:
    """The right word that this one was probably meant to be."""
    if len(word) > _LONGEST:
        return None
    by_lower = {candidate.lower(): candidate for candidate in right}
    close = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def one_of(words: Iterable[str]) -> str:
    """``native, auto, podman or docker``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def quoted(text: str) -> str:
    """The text in double quotes, on one line, and not too long."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return json.dumps(short, ensure_ascii=False) if short.isprintable() else json.dumps(short)


def way(path: KeyPath) -> str:
    """``images.vddk-8.platforms[0]``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in path]
    return "".join(parts).removeprefix(".")


def under(path: KeyPath) -> str:
    """`` under images.vddk-8``, and nothing at the top."""
    return f" under {way(path)}" if path else ""


def found(value: object, written: str, *, secret: bool = False) -> str:
    """What stands there: ``"vddk"``, ``a number 8.0``, ``a list``, ``nothing``. ``written``: as in the file."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        if not value:
            return "empty text"
        return "text" if secret else quoted(value)
    if isinstance(value, bool):
        return written
    if isinstance(value, int | float):
        return "a number" if secret else f"a number {written[:_LONGEST]}"
    return ("a list" if value else "an empty list") if isinstance(value, tuple) else "a mapping"


def _shown(part: str) -> str:
    plain = part and part.isprintable() and len(part) <= _LONGEST and not any(c in part for c in ' "')
    return part if plain else quoted(part)
