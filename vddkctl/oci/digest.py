"""Content addresses: ``sha256:`` and 64 hex digits (OCI image specification 1.1, "Digests")."""

from __future__ import annotations

import hashlib
import re

from vddkctl.errors import ImageError

_SYNTAX = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(content: bytes) -> str:
    """``sha256:<hex>`` of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def is_digest(text: object) -> bool:
    """Whether ``text`` is a digest that vddkctl reads: SHA-256, 64 lower-case hex digits."""
    return isinstance(text, str) and _SYNTAX.fullmatch(text) is not None


def check_digest(text: object, where: str = "") -> str:
    """``text`` itself when it is a digest. Raises ImageError otherwise."""
    if isinstance(text, str) and is_digest(text):
        return text
    raise ImageError(
        f'"{text}" is not a digest', where=where, hint="a digest is sha256: and 64 lower-case hex digits"
    )


def hex_of(digest: str) -> str:
    """The hex digits of a digest: the file's name in a layout."""
    return check_digest(digest).removeprefix("sha256:")
