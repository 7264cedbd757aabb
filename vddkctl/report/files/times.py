"""Times, as people read them."""

from __future__ import annotations

import re

_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?Z")


def times_in(text: str) -> str:
    """The text, with times of RFC 3339 as ``2026-11-26 09:14 UTC``."""
    return _TIME.sub(r"\1 \2 UTC", text)
