"""What tar itself unpacks, and runtimes refuse or read as something else: Go's ``archive/tar`` is behind most of them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

_CONTIGUOUS = b"7"
_NOT_HEEDED = frozenset({"path", "linkpath", "size", "GNU.sparse.name"})
"""Keys of a global pax header that tar applies to every entry behind it, and Go to none."""


def unusual(kind: bytes, borrowed: AbstractSet[str]) -> tuple[str, ...]:
    """What is unusual about an entry of this type; ``borrowed`` are the keys that only a global header gives it."""
    reasons = ("is of tar's type 7, which not every runtime unpacks",) if kind == _CONTIGUOUS else ()
    if keys := ", ".join(sorted(_NOT_HEEDED & borrowed)):
        reasons += (f"takes its {keys} from a global pax header, which not every runtime heeds",)
    return reasons
