"""A plan that goes back to the state after a run: every field and tag as it was then, and managed as it was then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.plan.history import Past
from vddkctl.plan.images import DIGEST
from vddkctl.plan.model import (
    Action,
    Change,
    FieldChange,
    Location,
    Origin,
    Plan,
    PlanWarning,
    Precondition,
)
from vddkctl.plan.observed import ClusterState, LiveObject
from vddkctl.plan.order import STAY_GONE, ordered, room
from vddkctl.plan.own_secret import kept_secrets
from vddkctl.plan.record import Record, known_addresses
from vddkctl.plan.return_images import (
    REASON,
    Looked,
    declared_put_back,
    declared_then,
    lost_digests,
    returning_images,
)
from vddkctl.plan.returning import left_behind, returning
from vddkctl.plan.unseen import lacks
from vddkctl.plan.warnings import change_warnings
from vddkctl.site.model import Policy

LOST = "cannot-go-back"
"""The code of a warning that makes a rollback impossible for its address."""
STAYS = "stays-as-it-is"


class Ground(Struct, frozen=True):
    """What a rollback stands on: what there is now, and by which policies and with which tool it is planned."""

    state: ClusterState
    looked: Looked
    record: Record
    site: str
    tool: str
    location: Location
    policy: Policy


def rollback_plan(past: Past, ground: Ground, take: Callable[[str], bool]) -> Plan:
    """The plan. ``take`` says of an address whether fields are taken from other managers.

    What cannot be gone back on is a warning: :data:`LOST` where a digest is gone, and :data:`STAYS` for what was made
    since, is gone, or has been changed by somebody else since.
    """
    past = replace(past, managed=kept_secrets(past.managed, ground.record))
    state = ground.state
    objects = {
        live.key.address: live
        for live in (*state.controllers, *state.providers, *state.storage_maps, *state.accounts)
    }
    images = returning_images(past, ground.looked)
    warnings = [PlanWarning(LOST, address, text) for address, text in images.lost.items()]
    warnings += [PlanWarning(STAYS, address, text) for address, text in images.stays.items()]
    changes, settings_warnings = _settings(past, ground, objects)
    warnings += settings_warnings
    lost = {warning.address for warning in warnings if warning.code == LOST}
    everything = [*images.changes.values(), *changes]
    taken = (replace(change, take=bool(change.conflicts) and take(change.address)) for change in everything)
    plan_changes = tuple(
        replace(change, depends_on=(*change.depends_on, *_its_images(change, everything)))
        for change in ordered(taken)
    )
    changing = {change.address for change in plan_changes}
    unseen = {key.address for key in state.unseen}
    there = {*objects, *unseen}
    gone = tuple(a for a in past.managed if room(a) in STAY_GONE and a not in there)
    left = {*lost, *gone, *unseen}
    managed = {a: fields for a, fields in past.managed.items() if a not in left}
    known = {*known_addresses(ground.record), *changing}
    return Plan(
        tool=ground.tool,
        site=ground.site,
        site_digest=past.run.site_digest,
        location=ground.location,
        changes=plan_changes,
        unchanged=tuple(address for address in managed if address not in changing),
        warnings=(*change_warnings(plan_changes, state), *warnings),
        images={**declared_put_back(images.changes), **declared_then(past)},
        managed=managed,
        disowned=tuple(sorted(a for a in known - unseen if a not in past.managed)),
        gone=gone,
        public_registry=ground.policy.public_registry,
        active_migrations=ground.policy.active_migrations,
        migrations_said="active_migrations" in ground.policy.model_fields_set,
        kind="rollback",
        back_to=past.run.number,
    )


def _settings(
    past: Past, ground: Ground, objects: dict[str, LiveObject]
) -> tuple[list[Change], list[PlanWarning]]:
    lost = lost_digests(past, ground.looked)
    changes: list[Change] = []
    unseen = {key.address: key for key in ground.state.unseen}
    warnings: list[PlanWarning] = []
    for address in sorted({*past.managed, *past.since}):
        if room(address) == "image":
            continue
        if address in unseen:
            warnings.append(PlanWarning(STAYS, address, lacks(unseen[address])))
            continue
        live = objects.get(address)
        told = list(left_behind(address, past)) if live or room(address) == "secret" else []
        if live is None:
            told = told or list(_missing(address, past))
        elif not told:
            found = returning(live, past, ground.record)
            told = list(found.stay)
            gone = _named(found.fields, lost)
            if gone:
                warnings.append(PlanWarning(LOST, address, gone))
            elif found.fields:
                changes.append(_change(live, found.fields))
        warnings += [PlanWarning(STAYS, address, text) for text in told]
    return changes, warnings


def _missing(address: str, past: Past) -> Iterator[str]:
    if room(address) == "secret":
        if address in past.since:
            yield "was written since: values of Secrets are not kept, so it stays as it is"
    elif address in past.managed:
        yield "was there then, and is not any more: it is not made again"


def _named(fields: tuple[FieldChange, ...], lost: dict[str, str]) -> str:
    named = [text for digest, text in lost.items() if any(digest in str(field.after) for field in fields)]
    return f"would name an image that is gone: {'; '.join(named)}" if named else ""


def _change(live: LiveObject, found: tuple[FieldChange, ...]) -> Change:
    released = all(field.after is None for field in found)
    return Change(
        address=live.key.address,
        action=Action.RELEASE if released else Action.UPDATE,
        reason=REASON,
        origin=Origin.SPEC,
        fields=found,
        precondition=Precondition(resource_version=live.resource_version, uid=live.uid or None),
    )


def _its_images(change: Change, changes: list[Change]) -> Iterator[str]:
    """A setting that comes to name an image waits for that one's tag, and is left out where it fails."""
    if not change.image:
        named = " ".join(str(field.after) for field in change.fields)
        for each in changes:
            if each.image and each.fields[0].path == DIGEST and each.image.digest in named:
                yield each.address
