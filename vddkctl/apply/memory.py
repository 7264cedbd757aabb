"""The record, as a run moves it along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from vddkctl.apply.result import Result, Status
from vddkctl.plan.model import Plan
from vddkctl.plan.record import Record, Run

KEPT_RUNS = 50
"""How many past runs a record remembers."""


def begun(record: Record | None, plan: Plan) -> Record:
    """The record before the first write: it says what the run is about to set."""
    record = record or Record(plan.site, {})
    return replace(record, intended=_intended(record, plan, {change.address for change in plan.changes}))


def ended(
    record: Record | None, plan: Plan, result: Result, standing: Collection[str], at: str, by: str
) -> Record:
    """The record after the last write: what was done is applied, what was not stays as it was known.

    ``standing`` are the addresses that the plan leaves alone and that are as it says.
    """
    record = record or Record(plan.site, {})
    undone = {s.address for s in result.steps if s.status in (Status.FAILED, Status.SKIPPED)}
    left_alone = set(plan.unchanged) - set(standing)
    runs = record.runs
    if result.steps:
        done = {step.address: step.status.value for step in result.steps}
        runs = (*runs, Run(at, by, plan.tool, plan.site_digest, done))[-KEPT_RUNS:]
    return Record(
        plan.site, _applied(record, plan, undone | left_alone), _intended(record, plan, undone, left_alone), runs
    )


def _intended(
    record: Record, plan: Plan, open_: Collection[str], left_alone: Collection[str] = ()
) -> dict[str, Mapping[str, Any]]:
    """What this run may have set without knowing it (``open_``), and what earlier runs may have.

    A write that fails or is interrupted can have gone through all the same.
    """
    settled = {*plan.managed, *plan.disowned} - set(left_alone)
    earlier = {a: fields for a, fields in record.intended.items() if a not in settled}
    now = {address: dict(plan.managed.get(address, {})) for address in open_}
    return dict(sorted({**earlier, **now}.items()))


def _applied(record: Record, plan: Plan, untouched: Collection[str]) -> dict[str, Mapping[str, Any]]:
    applied = dict(record.applied)
    for address, fields in plan.managed.items():
        if address not in untouched:
            applied[address] = dict(fields)
    for address in plan.disowned:
        if address not in untouched:
            applied.pop(address, None)
    return dict(sorted(applied.items()))
