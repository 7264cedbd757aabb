"""The part of a plan that puts back what somebody else changed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.plan.drift import Drift
from vddkctl.plan.fields import is_entry
from vddkctl.plan.migrations import RUNNING, UNSEEN, must_see
from vddkctl.plan.model import Action, Change, FieldChange, Origin, Plan
from vddkctl.plan.order import room
from vddkctl.plan.record import Record

HEALED = frozenset({Action.UPDATE, Action.REPLACE, Action.RELEASE})
"""What is gone altogether is not made again unasked."""


class Healing(Struct, frozen=True):
    """What is put back, and what stays, by address, with why."""

    plan: Plan
    stays: tuple[tuple[str, str], ...]


def heal_plan(plan: Plan, drift: Drift, record: Record) -> Healing:
    """Only fields that were changed since the last apply, and that the spec still wants as they were applied.

    What is pending, ignored, gone or public stays as it is; so does a field that somebody changed and for which the
    spec asks for a third value by now, one that another manager owns and that is not to be taken, and what a running
    migration would feel. The record keeps what it knows.
    """
    unseen = {w.address: w.message for w in plan.warnings if w.code == UNSEEN and must_see(plan)}
    running = {w.address: f"it {w.message}" for w in plan.warnings if w.code == RUNNING}
    busy = {**unseen, **(running if plan.active_migrations == "refuse" else {})}
    whole = {change.address: change for change in plan.changes}
    changes, stays = [], []
    for told in drift.changed:
        healing, why = _healing(told, whole[told.address], busy)
        stays += [(told.address, each) for each in why]
        if healing:
            changes.append(healing)
    stays += [(address, "it is gone, and is not made again unasked") for address in drift.gone]
    stays += [(address, exposure.message) for address, exposure in drift.exposed.items()]
    stays += [(ignore.where, f"the ignore of {ignore.address} is over") for ignore in drift.expired]
    return without(Healing(_only(plan, changes, record), tuple(stays)), {})


def without(healing: Healing, refused: Mapping[str, str]) -> Healing:
    """The rest, where some addresses cannot be written, each with why; what needs one of them stays, too."""
    stays, kept = list(healing.stays), []
    out = dict(refused)
    for change in healing.plan.changes:
        needed = [address for address in change.depends_on if address in out]
        if change.address not in out and needed:
            out[change.address] = f"it needs {', '.join(needed)}"
        if change.address in out:
            stays.append((change.address, out[change.address]))
        else:
            kept.append(change)
    addresses = {change.address for change in kept}
    managed = {a: known for a, known in healing.plan.managed.items() if a in addresses}
    return Healing(replace(healing.plan, changes=tuple(kept), managed=managed), tuple(stays))


def _only(plan: Plan, changes: list[Change], record: Record) -> Plan:
    kept = {change.address for change in changes}
    return replace(
        plan,
        changes=tuple(
            replace(change, depends_on=tuple(each for each in change.depends_on if each in kept))
            for change in changes
        ),
        unchanged=(),
        warnings=(),
        managed={address: record.applied.get(address, {}) for address in kept},
        disowned=(),
        kind="heal",
    )


def _healing(told: Change, whole: Change, busy: Mapping[str, str]) -> tuple[Change | None, list[str]]:
    """What is put back of one address, and why something of it is not."""
    stop = _cannot(whole, busy)
    if stop:
        return None, [stop]
    paths = {field.path for field in told.fields if field.origin is Origin.DRIFT and not is_entry(field.path)}
    conflicts = {field.path for field in whole.conflicts}
    fields = tuple(field for field in whole.fields if field.path in paths - conflicts)
    why = list(_left([field for field in told.fields if field not in fields], conflicts, whole.address))
    if not fields:
        return None, why
    released = whole.image is None and all(field.after is None for field in fields)
    action = whole.action if whole.image else Action.RELEASE if released else Action.UPDATE
    return replace(whole, fields=fields, action=action, origin=Origin.DRIFT), why


def _cannot(whole: Change, busy: Mapping[str, str]) -> str:
    if whole.action not in HEALED:
        return "it is gone, and is not made again unasked: see vddkctl plan"
    if whole.secret is not None:
        return "a Secret is not healed: see vddkctl plan"
    if room(whole.address) == "image" and whole.image is None:
        return "its image cannot be made on this machine"
    if whole.address in busy:
        return busy[whole.address]
    return ""


def _left(fields: list[FieldChange], conflicts: set[str], address: str) -> Iterator[str]:
    for field in fields:
        name = field.path.rpartition(".")[2]
        if field.origin is not Origin.DRIFT:
            yield f"the spec asks for another {name} by now: see vddkctl plan"
        elif is_entry(field.path):
            yield f"{field.path.removeprefix('spec.')} is gone, and is not made again unasked"
        elif field.path in conflicts:
            since = f" since {field.since}" if field.since else ""
            yield f"{name} is {field.owner}'s{since}: take it back with --take {address}"
