"""Truth as Forklift reads it from a setting: Go's ``strconv.ParseBool``."""

from __future__ import annotations

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def parse_bool(text: str) -> bool | None:
    """True, False, or None for a text that ``ParseBool`` refuses (Forklift then goes on with false)."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None
