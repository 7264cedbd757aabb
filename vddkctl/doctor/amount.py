"""Bytes of archives and disks, as people read them."""

from __future__ import annotations


def amount(count: int) -> str:
    """``66.0 MB``, ``1.2 GB``: decimal units."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
