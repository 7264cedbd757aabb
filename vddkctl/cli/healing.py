"""``vddkctl drift --heal``: what was found is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vddkctl.cli.output import data, note, style
from vddkctl.cli.streams import flush

if TYPE_CHECKING:
    from vddkctl.apply.result import StepResult
    from vddkctl.cli.session import Session
    from vddkctl.plan.drift import Drift
    from vddkctl.plan.heal import Healing
    from vddkctl.plan.model import Plan
    from vddkctl.plan.record import Record


def healed(session: Session, plan: Plan, drift: Drift, record: Record | None, limit: int) -> int:
    """Put back what somebody else changed.

    The exit code: 0 all of it, 3 some of it stays, 4 some writes failed, 1 all of them did, or nothing could be begun.
    """
    from vddkctl.plan.heal import heal_plan

    if not drift.found or record is None:
        return 3 if drift.found else 0
    healing = heal_plan(plan, drift, record)
    count = len(healing.plan.changes)
    if count > limit:
        note(
            f"Not healed: {count} addresses are more than --heal-limit {limit}; is it drift, or has somebody a plan?"
        )
        return 3
    healing = _writable(session, healing)
    code = _put_back(session, healing.plan) if healing.plan.changes else 0
    if healing.stays:
        note("Not healed, and still to be looked at:" if count else "Nothing of it can be healed:")
        for address, why in healing.stays:
            note(f"  {address}: {why}")
    return code or (3 if healing.stays else 0)


def _put_back(session: Session, plan: Plan) -> int:
    from vddkctl.apply.execute import Executor
    from vddkctl.apply.identity import now, whoami
    from vddkctl.report.result_text import result_text, step_line

    def told(step: StepResult) -> None:
        data(step_line(step, style()) + "\n")
        flush()

    data("\n")
    result = Executor(session.places, session.cluster, session.progress, whoami(), now, told).run(plan)
    data(result_text(result, style()))
    return result.exit_code


def _writable(session: Session, healing: Healing) -> Healing:
    """Without what the cluster would refuse, so that it keeps nothing else from being healed."""
    from vddkctl.apply.writes import MOST_REHEARSED, refusals
    from vddkctl.plan.heal import without

    settings = [change for change in healing.plan.changes if not change.image]
    if not settings or len(settings) > MOST_REHEARSED:
        return healing
    refused = refusals(healing.plan, session.cluster, None, session.places)
    return without(
        healing, {address: "; ".join(str(error).split("\n  ")) for address, error in refused.items()}
    )
