"""What tar itself unpacks, and runtimes, most of which have Go's ``archive/tar``, refuse or read otherwise."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

Reasons = tuple[str, ...]

_KINDS = {
    b"7": "is of tar's type 7, which not every runtime unpacks",
    b"S": "is a sparse file in GNU tar's old form, which not every runtime unpacks",
}
_NOT_HEEDED = frozenset({"path", "linkpath", "size", "GNU.sparse.name"})
"""Keys of a global pax header that tar applies to every entry behind it, and Go to none."""


def unusual(kind: bytes, borrowed: AbstractSet[str]) -> Reasons:
    """What is unusual about an entry of this type; ``borrowed`` are the keys that only a global header gives it."""
    reasons: Reasons = (_KINDS[kind],) if kind in _KINDS else ()
    if keys := ", ".join(sorted(_NOT_HEEDED & borrowed)):
        reasons += (f"takes its {keys} from a global pax header, which not every runtime heeds",)
    return reasons
