"""Colour where a person looks, plain text everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from msgspec import Struct

_CODES = {"green": "32", "yellow": "33", "red": "31", "bold": "1", "dim": "2"}


class Style(Struct, frozen=True):
    """Paints words, or leaves them as they are."""

    coloured: bool = False

    def paint(self, colour: str, text: str) -> str:
        """``text`` in a colour: green, yellow, red, bold or dim."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.coloured and text else text


PLAIN = Style()


def style_for(stream: TextIO, environment: Mapping[str, str]) -> Style:
    """Colour on a terminal, unless ``NO_COLOR`` is set (no-color.org) or the terminal is ``dumb``."""
    wanted = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(wanted and stream.isatty())
