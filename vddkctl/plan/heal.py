"""The part of a plan that puts back what somebody else changed, and nothing else."""

from __future__ import annotations

from msgspec.structs import replace

from vddkctl.plan.drift import Drift
from vddkctl.plan.model import Action, Change, Origin, Plan
from vddkctl.plan.record import Record

HEALED = frozenset({Action.UPDATE, Action.REPLACE, Action.RELEASE})
"""What is gone altogether is not made again unasked."""


def heal_plan(plan: Plan, drift: Drift, record: Record) -> Plan:
    """Only fields that were changed since the last apply, and that the spec still wants as they were applied.

    What is pending, ignored, gone or public stays as it is; so does a field that somebody changed and for which the
    spec asks for a third value by now. The record keeps what it knows.
    """
    changes = tuple(filter(None, (_healing(change, plan) for change in drift.changed)))
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
    )


def _healing(told: Change, plan: Plan) -> Change | None:
    whole = next(change for change in plan.changes if change.address == told.address)
    paths = {field.path for field in told.fields if field.origin is Origin.DRIFT}
    fields = tuple(field for field in whole.fields if field.path in paths)
    if not fields or whole.action not in HEALED or whole.secret is not None:
        return None
    released = whole.image is None and all(field.after is None for field in fields)
    action = whole.action if whole.image else Action.RELEASE if released else Action.UPDATE
    return replace(whole, fields=fields, action=action, origin=Origin.DRIFT)
