"""The JSON documents of an image, as bytes: bounded when read, canonical when written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vddkctl.errors import ImageError

MAX_SIZE = 4 * 1024 * 1024
"""Bytes of the largest manifest, index or config that is read: the distribution specification asks registries
to take 4 MiB at least, and none in use takes more."""

MAX_DEPTH = 4
"""Indexes inside indexes: nobody nests them deeper, and a hostile one could go on for ever."""


def encode(data: Mapping[str, Any]) -> bytes:
    """Canonical bytes: sorted keys, no white space, UTF-8. Raises ImageError for text that is not Unicode."""
    try:
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except ValueError as error:
        raise ImageError(f"an image's document cannot be written: {error}") from None


def decode(content: bytes, what: str, where: str = "") -> dict[str, Any]:
    """Read a document that must be a JSON object. ``what`` names it: "the manifest". Raises ImageError."""
    if len(content) > MAX_SIZE:
        raise ImageError(f"{what} is larger than {MAX_SIZE // 1024 // 1024} MiB", where=where)
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ImageError(f"{what} is not JSON: {reason}", where=where) from None
    if not isinstance(data, dict):
        raise ImageError(f"{what} is not a JSON object", where=where)
    return data


def text_mapping(value: object, what: str, where: str = "") -> dict[str, str]:
    """Annotations or labels: text by text, or nothing at all. Raises ImageError."""
    if value is None:
        return {}
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return dict(value)
    raise ImageError(f"{what} are not text by text", where=where)
