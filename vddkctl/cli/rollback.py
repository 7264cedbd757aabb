"""``vddkctl rollback``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, SpecFile, Take, Verbose
from vddkctl.cli.output import data, note, progress
from vddkctl.errors import UsageError

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
    take: Take = None,
    verbose: Verbose = 0,
) -> int:
    """Go back to the state after a run of the history.

    Shows a plan and asks, as apply does. Images go back by digest. The spec stays as it is: the next apply would undo
    it.
    """
    from vddkctl.cli.apply import agreed, carried_out, terminal
    from vddkctl.cli.plan_file import save_plan
    from vddkctl.cli.plan_view import show_plan
    from vddkctl.cli.reports import Telling
    from vddkctl.cli.session import open_session
    from vddkctl.errors import PlanError
    from vddkctl.plan.rollback import rollback_plan
    from vddkctl.plan.target import Selection

    if not auto_approve and out is None and not terminal():
        raise UsageError(
            "rollback asks before it changes anything, and there is no one to ask", hint="add --auto-approve"
        )
    session = open_session(file, progress(verbose))
    observed = session.observe(lambda address: True)
    if observed.record is None:
        raise PlanError("nothing was applied yet: there is nothing to go back to")
    selection = Selection((), (), take or ())
    policy = session.loaded.site.policy.conflicts == "take"
    plan = rollback_plan(
        session.plan_of(observed, selection, missing_too=True),
        observed,
        observed.record,
        number,
        lambda address: policy or selection.takes(address),
    )
    show_plan(plan, Output.TEXT)
    if out is not None:
        save_plan(plan, out)
        note(f"Saved to {out}. Carry it out with: vddkctl apply {out}")
        return 0
    if not plan.changes:
        return 0
    from vddkctl.apply.consent import agreeable

    agreeable(plan, session.cluster, session.places)
    if not auto_approve and not agreed():
        note("Nothing was changed.")
        return 1
    data("\n")
    code = carried_out(plan, session.places, Output.TEXT, verbose, 300.0, Telling("apply"))
    note("The spec still says what it said: edit it, or the next apply undoes this.")
    return code
