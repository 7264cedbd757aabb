"""Changes of a list's entries, by JSON patch (RFC 6902): a server-side apply would own the list as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.cluster.base import FieldEdit
from vddkctl.errors import ClusterError
from vddkctl.plan.fields import entry_of, index_of

PULL_SECRETS = "imagePullSecrets"


def pull_secret_patch(edits: tuple[FieldEdit, ...], names: list[str]) -> list[dict[str, Any]]:
    """Add names to a service account's list, and take others away; what else is in it stays. Empty: nothing to do.

    It is good for the version with these names alone: see :func:`bound`.
    """
    wanted = list(names)
    for edit in edits:
        name = entry_of(edit.path[0]).name
        if edit.value is None:
            wanted = [each for each in wanted if each != name]
        elif name not in wanted:
            wanted.append(name)
    return list(_changed(names, wanted))


def bound(version: str, patch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A patch that is refused when the object is another version by now, so that nothing in between is lost."""
    return [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *patch] if patch else []


def _changed(names: list[str], wanted: list[str]) -> Iterator[dict[str, Any]]:
    if not names and wanted:
        yield {"op": "add", "path": f"/{PULL_SECRETS}", "value": [{"name": name} for name in wanted]}
        return
    for number in reversed(range(len(names))):
        if names[number] not in wanted:
            yield {"op": "remove", "path": f"/{PULL_SECRETS}/{number}"}
    for name in wanted:
        if name not in names:
            yield {"op": "add", "path": f"/{PULL_SECRETS}/-", "value": {"name": name}}


def offload_patch(edits: tuple[FieldEdit, ...], spec: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Set or unset the offload settings of a storage map's entries; other entries, and other keys of these, stay."""
    items = spec.get("map") or []
    patch: list[dict[str, Any]] = []
    for edit in edits:
        entry = entry_of(edit.path[0])
        number = index_of(items, entry.name)
        if number is None:
            raise ClusterError(
                f"the entry for {entry.name} is gone", where=where, hint="plan again: vddkctl plan"
            )
        place, item = f"/spec/map/{number}", items[number]
        patch.append({"op": "test", "path": f"{place}/source", "value": item.get("source")})
        patch += (
            _unset(place, item, entry.rest)
            if edit.value is None
            else _set(place, item, entry.rest, edit.value)
        )
    return patch


def _unset(place: str, item: dict[str, Any], rest: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Remove what is at the end of the way, and what was there for it alone."""
    values: list[Any] = [item]
    for name in rest:
        values.append(values[-1].get(name) if isinstance(values[-1], dict) else None)
    if values[-1] is None:
        return
    last = len(rest)
    while last > 1 and len(values[last - 1]) == 1:
        last -= 1
    path = f"{place}/{'/'.join(rest[:last])}"
    yield {"op": "test", "path": path, "value": values[last]}
    yield {"op": "remove", "path": path}


def _set(place: str, item: dict[str, Any], rest: tuple[str, ...], value: Any) -> Iterator[dict[str, Any]]:
    now: Any = item
    for depth, name in enumerate(rest):
        if not isinstance(now, dict) or now.get(name) is None:
            for missing in reversed(rest[depth + 1 :]):
                value = {missing: value}
            yield {"op": "add", "path": f"{place}/{'/'.join(rest[: depth + 1])}", "value": value}
            return
        now = now[name]
    yield {"op": "test", "path": f"{place}/{'/'.join(rest)}", "value": now}
    yield {"op": "replace", "path": f"{place}/{'/'.join(rest)}", "value": value}
