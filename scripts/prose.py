"""Docstrings as the descriptions in a JSON Schema."""

from __future__ import annotations

import re


def prose(docstring: str) -> str:
    """One paragraph in the Markdown that editors show: ``:class:`~a.b.C``` is no part of it."""
    named = re.sub(r":[a-z]+:`~?(?:\w+\.)*(\w+)`", r"`\1`", docstring)
    return " ".join(named.replace("``", "`").split())
