"""The record, as a run moves it along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from vddkctl.apply.result import Result, Status
from vddkctl.plan import fields
from vddkctl.plan.history import bounded, details_of, earlier_of, numbered
from vddkctl.plan.model import Plan
from vddkctl.plan.record import BEGUN, Record, Run

KEPT_RUNS = 50
"""How many past runs a record remembers."""


def begun(record: Record | None, plan: Plan, at: str = "", by: str = "") -> Record:
    """The record before the first write: it says what the run is about to set, and that it has begun.

    ``at`` is RFC 3339.
    """
    record = record or Record(plan.site, {})
    addresses = {change.address for change in plan.changes}
    run = _run(record, plan, at, by, dict.fromkeys((change.address for change in plan.changes), BEGUN), BEGUN)
    return replace(_intending(record, plan, addresses), runs=_with(record, replace(run, earlier={})))


def ended(
    record: Record | None, plan: Plan, result: Result, standing: Collection[str], at: str, by: str
) -> Record:
    """The record after the last write: what was done is applied, what was not stays as it was known.

    ``record`` is the one from before the run. ``standing`` are the addresses that the plan leaves alone and that are as
    it says. A write that failed or was interrupted can have gone through all the same, so it stays intended.
    """
    record = record or Record(plan.site, {})
    undone = {s.address for s in result.steps if s.status in (Status.FAILED, Status.SKIPPED)}
    settled = {*plan.managed, *plan.disowned} - undone - (set(plan.unchanged) - set(standing))
    applied = _applied(record, plan, settled)
    runs = record.runs
    if result.steps or applied != record.applied:
        done = {step.address: step.status.value for step in result.steps}
        run = _run(record, plan, at, by, done, _said(result))
        runs = _with(record, replace(run, earlier=earlier_of(record.applied, applied)))
    intending = _intending(record, plan, undone)
    intended = {address: known for address, known in intending.intended.items() if address not in settled}
    return Record(plan.site, applied, intended, runs)


def next_number(record: Record | None) -> int:
    """The number of the run that comes after those of a record."""
    known = numbered(record.runs) if record else ()
    return known[-1].number + 1 if known else 1


def without_beginning(record: Record | None, number: int, by: str) -> Record | None:
    """A record that another run has gone on with, without the line in which this run said that it begins."""
    if record is None:
        return None
    begins = (number, by, BEGUN)
    return replace(
        record, runs=tuple(run for run in record.runs if (run.number, run.by, run.result) != begins)
    )


def has_ended(record: Record, number: int, by: str) -> bool:
    """Whether a record has the line in which a run says how it ended."""
    return any((run.number, run.by) == (number, by) and run.result != BEGUN for run in record.runs)


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


def _run(record: Record, plan: Plan, at: str, by: str, ends: Mapping[str, str], result: str) -> Run:
    return Run(
        at=at,
        by=by,
        tool=plan.tool,
        site_digest=plan.site_digest,
        changes=ends,
        number=next_number(record),
        details=details_of(plan.changes),
        kind=plan.kind,
        back_to=plan.back_to,
        result=result,
        actions={change.address: f"{change.action.value} {change.reason}" for change in plan.changes},
    )


def _with(record: Record, run: Run) -> tuple[Run, ...]:
    return bounded((*numbered(record.runs), run)[-KEPT_RUNS:])


def _said(result: Result) -> str:
    if result.interrupted:
        return "interrupted"
    bad = [step for step in result.steps if step.status in (Status.FAILED, Status.SKIPPED)]
    if not bad:
        return "done"
    return "partly" if len(bad) < len(result.steps) else "failed"


def _intending(record: Record, plan: Plan, addresses: Collection[str]) -> Record:
    now = {address: dict(plan.managed.get(address, {})) for address in addresses}
    for change in plan.changes:
        if (
            change.address in now
        ):  # what is given back is no longer managed, and is ours to change all the same
            for each in change.fields:
                if each.path in fields.SET:
                    now[change.address].setdefault(each.path, fields.meaning(each.path, each.after))
    return replace(record, intended=dict(sorted({**record.intended, **now}.items())))


def _applied(record: Record, plan: Plan, settled: Collection[str]) -> dict[str, Mapping[str, Any]]:
    kept = {a: known for a, known in record.applied.items() if a not in settled}
    set_now = {a: dict(known) for a, known in plan.managed.items() if a in settled}
    return dict(sorted({**kept, **set_now}.items()))
