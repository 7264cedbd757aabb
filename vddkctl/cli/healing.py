"""``vddkctl drift --heal``: what was found is put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vddkctl.cli.output import data, note, style
from vddkctl.cli.streams import flush
from vddkctl.errors import VddkctlError

if TYPE_CHECKING:
    from vddkctl.apply.result import Result, StepResult
    from vddkctl.cli.session import Session
    from vddkctl.plan.drift import Drift
    from vddkctl.plan.heal import Healing
    from vddkctl.plan.model import Plan
    from vddkctl.plan.record import Record
    from vddkctl.report.files.healed import Healed


def healed(
    session: Session,
    plan: Plan,
    drift: Drift,
    record: Record | None,
    limit: int,
    tell: Callable[[Healed], None],
) -> int:
    """Put back what somebody else changed. ``tell`` hears what came of it, also where that is an error.

    The exit code: 0 all of it, 3 some of it stays, 4 some writes failed, 1 all of them did, or nothing could be begun.
    """
    from vddkctl.report.files.healed import Healed

    if record is None:
        why = "there is no record of what was applied"
        tell(Healed(stays=tuple((change.address, why) for change in drift.changed)))
        return 3
    try:
        done = _healed(session, plan, drift, record, limit)
    except VddkctlError as error:
        tell(Healed(error=error))
        raise
    tell(done)
    code = done.result.exit_code if done.result else 0
    return code or (3 if done.stays else 0)


def _healed(session: Session, plan: Plan, drift: Drift, record: Record, limit: int) -> Healed:
    from vddkctl.plan.heal import heal_plan
    from vddkctl.report.files.healed import Healed

    healing = heal_plan(plan, drift, record)
    count = len(healing.plan.changes)
    if count > limit:
        why = f"{count} addresses are more than --heal-limit {limit}"
        note(f"Not healed: {why}; is it drift, or has somebody a plan?")
        return Healed(stays=(*((change.address, why) for change in healing.plan.changes), *healing.stays))
    healing = _writable(session, healing)
    result = _put_back(session, healing.plan) if healing.plan.changes else None
    if healing.stays:
        note("Not healed, and still to be looked at:" if count else "Nothing of it can be healed:")
        for address, why in healing.stays:
            note(f"  {address}: {why}")
    return Healed(healing.plan, result, healing.stays)


def _put_back(session: Session, plan: Plan) -> Result:
    from vddkctl.apply.execute import Executor
    from vddkctl.apply.identity import now, whoami
    from vddkctl.report.result_text import result_text, step_line

    def told(step: StepResult) -> None:
        data(step_line(step, style()) + "\n")
        flush()

    data("\n")
    result = Executor(session.places, session.cluster, session.progress, whoami(), now, told).run(plan)
    data(result_text(result, style()))
    return result


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
