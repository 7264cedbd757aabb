"""Numbers, digests and lists, as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_DIGEST = re.compile(r"sha256:([0-9a-f]{8})[0-9a-f]{56}")


def size(count: int) -> str:
    """Bytes in decimal units: ``22.9 MB``."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"


def short(text: str) -> str:
    """Digests cut to the eight digits that tell them apart."""
    return _DIGEST.sub(r"sha256:\1…", text)


def reference(text: str, tags: Mapping[str, str]) -> str:
    """An image as people know it: the digest cut, and the tag beside it."""
    _, at, digest = text.rpartition("@")
    tag = tags.get(digest) if at else None
    return f"{short(text)} ({tag})" if tag else short(text)


def object_text(value: Mapping[str, object]) -> str:
    """``secretRef a, storageVendorProduct b``: an object in few words; ``NAMESPACE/NAME`` where it names one."""
    if {"namespace", "name"} <= value.keys():
        return f"{value['namespace']}/{value['name']}"
    return ", ".join(f"{key} {inner}" for key, inner in value.items())


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 change``, ``2 changes``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def json_text(value: object) -> str:
    """A value that is not a text, as YAML and JSON write it: ``true``, ``8``, ``["a"]``."""
    import json

    return json.dumps(value, ensure_ascii=False, default=str)
