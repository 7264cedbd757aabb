"""What the vendor has published about its archives.

Only MD5 sums are published. MD5 can be forged, so a match says "this is the vendor's file", never "this is safe".
"""

from __future__ import annotations

from vddkctl.vddk.archive import Published

_PORTAL = "Broadcom developer portal"
_ORACLE = "Oracle's documentation"

PUBLISHED = (
    Published("8.0", "bddb0ef4bb575b7d717c0813febf5dc8", _PORTAL),
    Published("8.0.1", "f6ad867c28df10132e21d95e7b13536e", _PORTAL),
    Published("8.0U3", "007ab979e52f52401f02278b75ab5c74", _ORACLE),
    Published("9.0.0.0", "f508fe7134fcdd137fbdba5ee7f65d9f", _PORTAL),
    Published("9.0.1.0", "f01dcc7356ba2b3c0661d56d1a8f80cc", _PORTAL),
)
"""Every archive for Linux whose checksum is known, oldest first. ``version`` is what the vendor calls it."""


def published(md5: str) -> Published | None:
    """What is published about a file with this MD5 (hexadecimal, either case); None for an unknown one."""
    wanted = md5.lower()
    return next((entry for entry in PUBLISHED if entry.md5 == wanted), None)
