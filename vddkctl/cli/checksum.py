"""``--sha256``."""

from __future__ import annotations

import re

from vddkctl.errors import UsageError


def checksum_option(text: str | None) -> str | None:
    """64 hexadecimal digits in small letters, of what was typed. Raises UsageError for anything else."""
    checksum = text.lower().removeprefix("sha256:") if text is not None else None
    if checksum is not None and not re.fullmatch("[0-9a-f]{64}", checksum):
        raise UsageError("--sha256 takes 64 hexadecimal digits", hint="as printed by: sha256sum ARCHIVE")
    return checksum
