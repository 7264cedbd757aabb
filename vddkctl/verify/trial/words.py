"""What a program in a container wrote, as it is told."""

from __future__ import annotations

from collections.abc import Sequence

from vddkctl.verify.secret_settings import holds_secret


def said(lines: Sequence[str], before: str = "") -> str:
    """The lines as one text, with ``before`` in front; nothing for nothing. A line with a password is not shown."""
    shown = ["(a line that is not shown)" if holds_secret([line]) else line.strip() for line in lines]
    return f"{before}{'; '.join(shown)}" if shown else ""
