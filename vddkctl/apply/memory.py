"""The record, as a run moves it along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from vddkctl.apply.result import Result, Status
from vddkctl.plan.history import bounded, details_of, numbered
from vddkctl.plan.model import Plan
from vddkctl.plan.record import Record, Run

KEPT_RUNS = 50
"""How many past runs a record remembers."""


def begun(record: Record | None, plan: Plan) -> Record:
    """The record before the first write: it says what the run is about to set."""
    record = record or Record(plan.site, {})
    return _intending(record, plan, {change.address for change in plan.changes})


def ended(
    record: Record | None, plan: Plan, result: Result, standing: Collection[str], at: str, by: str
) -> Record:
    """The record after the last write: what was done is applied, what was not stays as it was known.

    ``standing`` are the addresses that the plan leaves alone and that are as it says. A write that failed or was
    interrupted can have gone through all the same, so it stays intended.
    """
    record = record or Record(plan.site, {})
    undone = {s.address for s in result.steps if s.status in (Status.FAILED, Status.SKIPPED)}
    settled = {*plan.managed, *plan.disowned} - undone - (set(plan.unchanged) - set(standing))
    runs = record.runs
    if result.steps:
        done = {step.address: step.status.value for step in result.steps}
        known = numbered(runs)
        number = known[-1].number + 1 if known else 1
        run = Run(at, by, plan.tool, plan.site_digest, done, number, details_of(plan.changes, done))
        runs = bounded((*known, run)[-KEPT_RUNS:])
    intending = _intending(record, plan, undone)
    intended = {address: fields for address, fields in intending.intended.items() if address not in settled}
    return Record(plan.site, _applied(record, plan, settled), intended, runs)


def only_steps(plan: Plan, result: Result) -> Plan:
    """The plan as far as a run got to it: what it leaves alone may be otherwise by now."""
    steps = {step.address for step in result.steps}
    return replace(
        plan,
        unchanged=(),
        managed={address: fields for address, fields in plan.managed.items() if address in steps},
        disowned=tuple(address for address in plan.disowned if address in steps),
    )


def remembered(record: Record | None, plan: Plan) -> bool:
    """Whether the record is as a run of the plan would leave it: one without changes, made a moment ago."""
    nothing = Result(plan.site, ())
    return not plan.changes and record == ended(record, plan, nothing, plan.unchanged, at="", by="")


def _intending(record: Record, plan: Plan, addresses: Collection[str]) -> Record:
    now = {address: dict(plan.managed.get(address, {})) for address in addresses}
    return replace(record, intended=dict(sorted({**record.intended, **now}.items())))


def _applied(record: Record, plan: Plan, settled: Collection[str]) -> dict[str, Mapping[str, Any]]:
    kept = {a: fields for a, fields in record.applied.items() if a not in settled}
    set_now = {a: dict(fields) for a, fields in plan.managed.items() if a in settled}
    return dict(sorted({**kept, **set_now}.items()))
