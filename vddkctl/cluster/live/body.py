"""What is sent for a change: an apply configuration, and patches for what an apply cannot do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.cluster.base import ObjectChange
from vddkctl.cluster.live.kinds import BY_KIND
from vddkctl.plan import fields
from vddkctl.plan.observed import LiveObject


def configuration(change: ObjectChange, now: LiveObject) -> dict[str, Any]:
    """Every field that is to be ours, with its value: what is left out of an apply is given up.

    What an object was created with, and cannot be without, stays ours; so does a field that is ours alone, whatever the
    spec says of it: an apply that leaves it out would remove it, and what is to be removed is an edit.
    ``now`` is the object as it was looked at last, and the apply is bound to that very version: all sites are one
    manager, so that what another site has set since would be left out, and removed.
    """
    edited = {edit.path for edit in change.edits}
    alone = (path for path in now.owned if path not in fields.SET or path not in now.owners)
    lasting = (*now.other_sites, *alone)
    kept = {*change.declared, *(tuple(path.split(".")) for path in lasting)} - edited
    body: dict[str, Any] = {
        "apiVersion": BY_KIND[change.key.kind].api_version,
        "kind": change.key.kind,
        "metadata": {"name": change.key.name, "namespace": change.key.namespace},
    }
    if now.uid:  # else an object that is gone would be made anew, of our fields alone
        body["metadata"]["uid"] = now.uid
    if now.resource_version:
        body["metadata"]["resourceVersion"] = now.resource_version
    for path in sorted(kept):
        value = at({"spec": now.spec}, path)
        if value is not None:
            put(body, path, value)
    for edit in change.edits:
        if edit.value is not None:
            put(body, edit.path, edit.value)
    return body


def left(change: ObjectChange, spec: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Fields that the change unsets and that are still there: others own them, too."""
    return tuple(e.path for e in change.edits if e.value is None and at({"spec": spec}, e.path) is not None)


def removal(
    change: ObjectChange, paths: tuple[tuple[str, ...], ...], spec: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """A JSON patch (RFC 6902) that removes fields, if they are still what they were."""
    return [operation for path in paths for operation in _removed(path, at({"spec": spec}, path))]


def _removed(path: tuple[str, ...], value: Any) -> Iterator[dict[str, Any]]:
    pointer = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)
    yield {"op": "test", "path": pointer, "value": value}
    yield {"op": "remove", "path": pointer}


def at(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path; None when any part of the way is missing."""
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at a path."""
    for name in path[:-1]:
        data = data.setdefault(name, {})
    data[path[-1]] = value
