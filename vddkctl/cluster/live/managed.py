"""Managed fields → who has set what, and what is ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vddkctl.cluster.live.api import MANAGER
from vddkctl.cluster.live.raw import ManagedFields
from vddkctl.plan.observed import FieldOwner

_DEPTH = 2
"""``spec.settings.vddkInitImage`` is as deep as we look below ``spec``."""


def owners(entries: Iterable[ManagedFields], root: str = "spec") -> dict[str, FieldOwner]:
    """Who else has set each field below ``root``: of several, the one who came last."""
    found: dict[str, FieldOwner] = {}
    for entry in sorted(entries, key=lambda entry: entry.time or ""):
        if entry.manager != MANAGER and not entry.subresource:
            for path in paths(entry, root):
                found[path] = FieldOwner(entry.manager, entry.time)
    return found


def owners_below(entries: Iterable[ManagedFields], *way: str) -> dict[str, FieldOwner]:
    """The same by the names of the fields there: these may hold dots."""
    head = ".".join(way) + "."
    found = owners(entries, way[0])
    return {path.removeprefix(head): owner for path, owner in found.items() if path.startswith(head)}


def ours(entries: Iterable[ManagedFields], root: str = "spec") -> frozenset[str]:
    """The fields below ``root`` that vddkctl has set and that nobody has changed since."""
    return frozenset(path for entry in entries if entry.manager == MANAGER for path in paths(entry, root))


def paths(entry: ManagedFields, root: str = "spec") -> Iterator[str]:
    """The fields of an entry, as dotted paths from ``root`` on: leaves alone."""
    fields = entry.fields_v1.get(f"f:{root}")
    if isinstance(fields, dict):
        yield from _below(root, fields, _DEPTH)


def _below(path: str, fields: dict[str, object], depth: int) -> Iterator[str]:
    for key, inner in fields.items():
        if not key.startswith("f:"):
            continue
        name = f"{path}.{key[2:]}"
        parts = isinstance(inner, dict) and any(part.startswith("f:") for part in inner)
        if parts and depth > 1:
            yield from _below(name, inner, depth - 1)  # type: ignore[arg-type]
        else:
            yield name
