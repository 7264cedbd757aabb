"""Replacing spans of a text, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Splice(Struct, frozen=True, order=True):
    """Put ``text`` in the place of the characters from ``start`` up to ``end``."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices made; those at one place go in by the order they are given.

    Raises ValueError when two of them overlap.
    """
    parts: list[str] = []
    done = 0
    for splice in sorted(splices, key=lambda item: (item.start, item.end)):
        if splice.start < done:
            raise ValueError(f"two edits meet at character {splice.start}")
        parts += [text[done : splice.start], splice.text]
        done = splice.end
    return "".join([*parts, text[done:]])
