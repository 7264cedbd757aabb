"""Versions of VDDK, and the versions of vSphere that each works with."""

from __future__ import annotations

# Derived from the vendor's policy for VDDK: two major versions back and one ahead.
_OLDEST_VSPHERE = {7: "6.5", 8: "6.7", 9: "7.0"}


def parts(version: str) -> tuple[int, ...]:
    """``8.0.1`` as ``(8, 0, 1)``, without trailing zeros, so that 9.0 and 9.0.0.0 are the same.

    Raises ValueError for anything but digits and dots.
    """
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def same_version(one: str, other: str) -> bool:
    """Whether two spellings name one version. A missing last part counts as 0."""
    return parts(one) == parts(other)


def vsphere_of(version: str) -> str | None:
    """``6.7 and later`` for VDDK 8; None when nothing is known about this version."""
    major = version.partition(".")[0]
    oldest = _OLDEST_VSPHERE.get(int(major)) if major.isdecimal() else None
    return f"{oldest} and later" if oldest else None
