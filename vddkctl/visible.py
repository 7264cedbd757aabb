"""Text that others wrote, for a terminal: what would steer it, or turn the text around, is written out."""

from __future__ import annotations

import re
from collections.abc import Sequence

# C0 and C1 controls, line and paragraph separators, bidirectional controls, and surrogates, which no stream takes.
_STEERS = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_STEERS_LINES = _STEERS.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f")


def shown(text: str, *, lines: bool = False) -> str:
    r"""``text`` with control characters as ``\x1b``, ``\t``, ``\u202e``; line breaks are kept for ``lines``.

    Showing it twice changes nothing more.
    """
    if text.isprintable():
        return text  # nearly always, and there is nothing to compile for it
    return re.sub(_STEERS_LINES if lines else _STEERS, lambda found: ascii(found[0])[1:-1], text)


def some(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:most])} and {rest} more"
