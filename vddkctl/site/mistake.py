"""A mistake before it has a position."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from vddkctl.site.diagnostic import KeyPath


class Mistake(Struct, frozen=True):
    """One mistake: at the value that ``path`` leads to, or at its key."""

    path: KeyPath
    message: str
    suggestion: str | None = None
    at_key: bool = False


def value_at(data: Any, path: KeyPath) -> Any:
    """The value at this place of the data; None where there is nothing."""
    for part in path:
        if isinstance(data, dict) and isinstance(part, str):
            data = data.get(part)
        elif isinstance(data, tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def mapping_at(data: Any, *path: str) -> dict[str, Any]:
    """The mapping at this place; an empty one where there is something else."""
    value = value_at(data, path)
    return value if isinstance(value, dict) else {}


def text_at(data: Any, *path: str) -> str | None:
    """The text at this place; None where there is something else."""
    value = value_at(data, path)
    return value if isinstance(value, str) else None
