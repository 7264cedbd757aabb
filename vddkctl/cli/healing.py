"""``vddkctl drift --heal``: what was found is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vddkctl.cli.output import data, note, style
from vddkctl.cli.streams import flush

if TYPE_CHECKING:
    from vddkctl.apply.result import StepResult
    from vddkctl.cli.session import Session
    from vddkctl.plan.drift import Drift
    from vddkctl.plan.model import Plan
    from vddkctl.plan.record import Record


def healed(session: Session, plan: Plan, drift: Drift, record: Record | None, limit: int) -> int:
    """Put back what somebody else changed; the exit code: 0 all of it, 3 some of it stays, 1 it failed."""
    from vddkctl.apply.execute import Executor
    from vddkctl.apply.identity import now, whoami
    from vddkctl.plan.heal import heal_plan
    from vddkctl.report.result_text import result_text, step_line

    if not drift.found or record is None:
        return 3 if drift.found else 0
    healing = heal_plan(plan, drift, record)
    if len(healing.changes) > limit:
        note(
            f"Not healed: {len(healing.changes)} addresses are more than --heal-limit {limit}; "
            "is it drift, or has somebody a plan?"
        )
        return 3
    if not healing.changes:
        note("Nothing of it can be healed: see vddkctl plan.")
        return 3

    def told(step: StepResult) -> None:
        data(step_line(step, style()) + "\n")
        flush()

    data("\n")
    result = Executor(session.places, session.cluster, session.progress, whoami(), now, told).run(healing)
    data(result_text(result, style()))
    if result.exit_code:
        return result.exit_code
    left = _left(drift, healing)
    if left:
        note(f"Not healed, and still to be looked at: {', '.join(left)}")
    return 3 if left else 0


def _left(drift: Drift, healing: Plan) -> list[str]:
    """What stays: addresses, of which at least one field was not put back."""
    put_back = {(change.address, field.path) for change in healing.changes for field in change.fields}
    changed = [
        change.address
        for change in drift.changed
        if any((change.address, field.path) not in put_back for field in change.fields)
    ]
    return [*changed, *drift.gone, *drift.exposed, *(f"the ignore at {each.where}" for each in drift.expired)]
