"""Managed fields → who has set what, and what is ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vddkctl.cluster.live.api import MANAGER
from vddkctl.cluster.live.raw import ManagedFields
from vddkctl.plan.observed import FieldOwner

_DEPTH = 2
"""``spec.settings.vddkInitImage`` is as deep as we look below ``spec``."""


def owners(entries: Iterable[ManagedFields]) -> dict[str, FieldOwner]:
    """Who else has set each field of the spec: of several, the one who came last."""
    found: dict[str, FieldOwner] = {}
    for entry in sorted(entries, key=lambda entry: entry.time or ""):
        if entry.manager != MANAGER and not entry.subresource:
            for path in paths(entry):
                found[path] = FieldOwner(entry.manager, entry.time)
    return found


def ours(entries: Iterable[ManagedFields]) -> frozenset[str]:
    """The fields of the spec that vddkctl has set and that nobody has changed since."""
    return frozenset(path for entry in entries if entry.manager == MANAGER for path in paths(entry))


def paths(entry: ManagedFields) -> Iterator[str]:
    """The fields of an entry, as dotted paths from ``spec`` on: leaves alone."""
    spec = entry.fields_v1.get("f:spec")
    if isinstance(spec, dict):
        yield from _below("spec", spec, _DEPTH)


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
