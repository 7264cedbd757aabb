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
    changing = {change.address for change in plan.changes}
    intended = {address: dict(plan.managed.get(address, {})) for address in sorted(changing)}
    return replace(record or Record(plan.site, {}), intended=intended)


def ended(record: Record | None, plan: Plan, result: Result, at: str, by: str) -> Record:
    """The record after the last write: what was done is applied, what was not stays as it was known."""
    failed = {s.address for s in result.steps if s.status in (Status.FAILED, Status.SKIPPED)}
    applied = _applied(record, plan, failed)
    runs = record.runs if record else ()
    if result.steps:
        done = {step.address: step.status.value for step in result.steps}
        runs = (*runs, Run(at, by, plan.tool, plan.site_digest, done))[-KEPT_RUNS:]
    return Record(plan.site, applied, {}, runs)


def _applied(record: Record | None, plan: Plan, failed: Collection[str]) -> dict[str, Mapping[str, Any]]:
    applied = dict(record.applied) if record else {}
    for address, fields in plan.managed.items():
        if address not in failed:
            applied[address] = dict(fields)
    for address in plan.disowned:
        if address not in failed:
            applied.pop(address, None)
    return dict(sorted(applied.items()))
