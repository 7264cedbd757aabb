"""A plan that goes back: each field that was changed since a run gets the value that it had after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from vddkctl.oci.digest import is_digest
from vddkctl.plan import fields
from vddkctl.plan.history import state_after
from vddkctl.plan.images import DIGEST, REFERENCE
from vddkctl.plan.model import (
    Action,
    Change,
    FieldChange,
    ImageWork,
    Origin,
    Plan,
    PlanWarning,
    Precondition,
)
from vddkctl.plan.observed import LiveObject, Observed
from vddkctl.plan.order import ordered, room
from vddkctl.plan.record import Changed, Record

REASON = "rollback"


def rollback_plan(
    plan: Plan, observed: Observed, record: Record, number: int, take: Callable[[str], bool]
) -> Plan:
    """The plan that goes back to the state after a run. ``plan`` is the present one, for its places and policies.

    What cannot be gone back on is a warning: an object that is gone or was created since, a Secret, a tag that was not
    there. Raises PlanError where the history does not know enough.
    """
    objects = {
        live.key.address: live
        for live in (
            *observed.cluster.controllers,
            *observed.cluster.providers,
            *observed.cluster.storage_maps,
        )
    }
    managed: dict[str, Mapping[str, object]] = {}
    warnings: list[PlanWarning] = []
    changes: list[Change] = []
    for address, since in sorted(state_after(record, number).items()):
        found = _image(address, since, observed, record) if room(address) == "image" else None
        if found is None and address in objects and room(address) in ("controller", "provider"):
            found = _settings(objects[address], since)
        if isinstance(found, Change):
            changes.append(replace(found, take=bool(found.conflicts) and take(address)))
            managed[address] = _managed(found, record)
        elif found != "":
            why = found or "it is not there any more, or is nothing that can be gone back on"
            warnings.append(PlanWarning("stays-as-it-is", address, why))
    return replace(
        plan,
        changes=tuple(ordered(changes)),
        unchanged=(),
        warnings=tuple(warnings),
        managed=managed,
        disowned=(),
        gone=(),
    )


def _settings(live: LiveObject, since: Mapping[str, Changed]) -> Change | str:
    """The change of an object; an empty text where nothing is to be done."""
    found = tuple(_fields(live, since))
    if not found:
        return ""
    released = all(field.after is None for field in found)
    return Change(
        address=live.key.address,
        action=Action.RELEASE if released else Action.UPDATE,
        reason=REASON,
        origin=Origin.SPEC,
        fields=found,
        precondition=Precondition(resource_version=live.resource_version),
    )


def _fields(live: LiveObject, since: Mapping[str, Changed]) -> Iterator[FieldChange]:
    for path, changed in sorted(since.items()):
        now = fields.raw_value(live.spec, path)
        if path not in fields.SET or fields.meaning(path, now) == fields.meaning(path, changed.before):
            continue
        owner = live.owners.get(path)
        yield FieldChange(
            path,
            now,
            changed.before,
            owner=owner.manager if owner else None,
            since=owner.since if owner else None,
            where=owner.where if owner else None,
            conflict=owner is not None and owner.manager is not None and path not in live.owned,
        )


def _image(address: str, since: Mapping[str, Changed], observed: Observed, record: Record) -> Change | str:
    name = address.partition(".")[2]
    changed, image = since.get(DIGEST), observed.images.get(name)
    if changed is None or image is None:
        return "the spec has no such image any more"
    if not is_digest(changed.before):
        return "its tag was not there, and a tag is not taken away"
    now = image.pushed.digest if image.pushed else None
    if now == changed.before:
        return ""
    reference = str(record.applied.get(address, {}).get(REFERENCE, ""))
    digest = str(changed.before)
    return Change(
        address=address,
        action=Action.REPLACE if now else Action.CREATE,
        reason=REASON,
        origin=Origin.SPEC,
        fields=(FieldChange(DIGEST, now, digest),),
        precondition=Precondition(digest=now),
        image=_work(name, reference, digest),
    )


def _work(name: str, reference: str, digest: str) -> ImageWork:
    """Nothing is made: the image has to be there still."""
    return ImageWork(name, reference, {}, digest, "", 0, "", False, "", 0, "", "", restores=True)


def _managed(change: Change, record: Record) -> dict[str, object]:
    """What the record says once it is done: fields that are given back are nobody's any more."""
    known: dict[str, object] = dict(record.applied.get(change.address, {}))
    for field in change.fields:
        if change.image:
            known[DIGEST] = field.after
        elif field.after is None:
            known.pop(field.path, None)
        else:
            known[field.path] = fields.meaning(field.path, field.after)
    return known
