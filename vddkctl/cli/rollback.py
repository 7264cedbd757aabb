"""``vddkctl rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Excludes, Output, SpecFile, Take, Targets, Verbose
from vddkctl.cli.output import data, note, progress
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vddkctl.cli.session import Session
    from vddkctl.plan.model import Plan
    from vddkctl.plan.target import Selection

NAME = "rollback"

Number = Annotated[
    int, typer.Argument(metavar="N", min=1, help="The run to go back to: a number of vddkctl history.")
]
OutFile = Annotated[
    str | None, typer.Option("-o", "--out", metavar="FILE", help="Save the plan, for: vddkctl apply FILE.")
]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")]


def run(
    number: Number,
    file: SpecFile = DEFAULT_FILE,
    out: OutFile = None,
    auto_approve: AutoApprove = False,
    target: Targets = None,
    exclude: Excludes = None,
    take: Take = None,
    verbose: Verbose = 0,
) -> int:
    """Go back to the state after a run of the history.

    Shows a plan and asks, as apply does. Images go back by digest, where that is still in the registry; what came to be
    managed since is given back. The spec stays as it is: the next apply would undo it.
    """
    from vddkctl.cli.apply import agreed, carried_out, terminal
    from vddkctl.cli.plan_file import save_plan
    from vddkctl.cli.plan_view import show_plan
    from vddkctl.cli.reports import Telling
    from vddkctl.cli.session import open_session
    from vddkctl.plan.target import Selection, check_taken

    if not auto_approve and out is None and not terminal():
        raise UsageError(
            "rollback asks before it changes anything, and there is no one to ask", hint="add --auto-approve"
        )
    session = open_session(file, progress(verbose))
    selection = Selection(target or (), exclude or (), take or ())
    plan = _plan(session, number, selection)
    show_plan(plan, Output.TEXT)
    _refuse_lost(plan)
    check_taken(plan, selection)
    if out is not None:
        save_plan(plan, out)
        note(f"Saved to {out}. Carry it out with: vddkctl apply {out}")
        return 0
    if not plan.changes and session.remembers(plan):
        return 0
    if plan.changes:
        from vddkctl.apply.consent import agreeable

        agreeable(plan, session.cluster, session.places)
        if not auto_approve and not agreed():
            note("Nothing was changed.")
            return 1
        data("\n")
    code = carried_out(plan, session.places, Output.TEXT, verbose, 300.0, Telling("apply"))
    if plan.site_digest != session.loaded.digest:
        note("The spec still says what it said: edit it, or the next apply undoes this.")
    return code


def _plan(session: Session, number: int, selection: Selection) -> Plan:
    from vddkctl.cli.session import refuse_lost
    from vddkctl.errors import PlanError
    from vddkctl.observe import read_record
    from vddkctl.observe.back import looked_at, state_for
    from vddkctl.plan.history import past
    from vddkctl.plan.make import TOOL, location_of
    from vddkctl.plan.rollback import Ground, rollback_plan

    site = session.loaded.site
    record = read_record(session.cluster, site.metadata.name)
    if record is None:
        refuse_lost(session)
        raise PlanError(
            "nothing was applied yet: there is nothing to go back to",
            where=session.cluster.name,
        )
    then = past(record, number)
    looked = looked_at(then, session.places)
    state = state_for(then, session.cluster, site.cluster.namespace)
    location = location_of(session.loaded, str(session.places.folder), state, session.cluster.name)
    ground = Ground(state, looked, record, site.metadata.name, TOOL, location, site.policy)
    always = site.policy.conflicts == "take"
    plan = rollback_plan(then, ground, lambda address: always or selection.takes(address))
    return session.checked(_narrowed(plan, selection))


def _narrowed(plan: Plan, selection: Selection) -> Plan:
    """The part that is asked for: an address that cannot go back is one that can be left out."""
    from msgspec.structs import replace

    from vddkctl.plan.rollback import LOST
    from vddkctl.plan.target import narrowed

    told = {warning.address for warning in plan.warnings}
    known = {*(change.address for change in plan.changes), *plan.unchanged, *plan.gone}
    lost = tuple(sorted(w.address for w in plan.warnings if w.code == LOST))
    whole = narrowed(replace(plan, gone=(*plan.gone, *sorted(told - known))), selection)
    return replace(whole, gone=tuple(a for a in whole.gone if a in plan.gone and a not in lost))


def _refuse_lost(plan: Plan) -> None:
    """Raise PlanError where a part of the plan is impossible: half a return is only made where it is asked for."""
    from vddkctl.errors import PlanError
    from vddkctl.plan.rollback import LOST

    lost: Sequence[tuple[str, str]] = [(w.address, w.message) for w in plan.warnings if w.code == LOST]
    if lost:
        lines = "\n".join(f"  {address}: {why}" for address, why in lost)
        options = " ".join(f"--exclude {address}" for address, _ in lost)
        raise PlanError(
            f"nothing was written, since not all of it can go back to the state after run {plan.back_to}:\n{lines}",
            hint=f"or leave that out: {options}",
        )
