"""The check before the first write: everything the plan relies on must still be as it was."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.cluster.base import Cluster
from vddkctl.errors import StalePlanError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan import fields
from vddkctl.plan.model import Change, Plan
from vddkctl.plan.observed import LiveObject


def satisfied_changes(plan: Plan, places: Places, cluster: Cluster) -> frozenset[str]:
    """Addresses that already are as the plan wants them.

    Raises :class:`~vddkctl.errors.StalePlanError` naming everything else that moved.
    """
    objects = _objects(plan, cluster)
    satisfied: set[str] = set()
    moved: list[tuple[str, str]] = []
    for change in plan.changes:
        found = _moved_image(change, places) if change.image else _moved_object(change, objects)
        if found is None:
            satisfied.add(change.address)
        elif found:
            moved.append((change.address, found))
    if moved:
        raise StalePlanError(
            "the plan is stale, nothing was written; since it was made:",
            moved=tuple(moved),
            hint="make a new one with: vddkctl plan",
        )
    return frozenset(satisfied)


def _objects(plan: Plan, cluster: Cluster) -> dict[str, LiveObject]:
    if all(change.image for change in plan.changes):
        return {}
    state = cluster.observe(plan.location.namespace)
    return {live.key.address: live for live in (*state.controllers, *state.providers)}


def _moved_image(change: Change, places: Places) -> str | None:
    """What moved; empty when nothing did, None when the tag already names the image."""
    assert change.image
    reference = places.located(parse(change.image.reference))
    found = places.registry(reference).resolve(reference)
    now = found.digest if found else None
    if now == change.image.digest:
        return None
    if now == change.precondition.digest:
        return ""
    return f"{change.image.reference} named {change.precondition.digest or 'nothing'}, now {now or 'nothing'}"


def _moved_object(change: Change, objects: dict[str, LiveObject]) -> str | None:
    live = objects.get(change.address)
    if live is None:
        return "it is gone"
    if live.resource_version == change.precondition.resource_version:
        return ""
    if all(fields.raw_value(live.spec, field.path) == field.after for field in change.fields):
        return None
    other = list(_other_fields(change, live))
    return "; ".join(other) if other else f"it was changed elsewhere{_place(live)}"


def _other_fields(change: Change, live: LiveObject) -> Iterator[str]:
    for field in change.fields:
        now = fields.raw_value(live.spec, field.path)
        if now != field.before:
            yield f"{field.path} was {field.before!r}, now {now!r}{_place(live, field.path)}"


def _place(live: LiveObject, path: str = "") -> str:
    owner = live.owners.get(path)
    where = owner.where if owner and owner.where else live.where
    return f" ({where})" if where else ""
