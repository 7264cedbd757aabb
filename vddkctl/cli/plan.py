"""``vddkctl plan``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import (
    DEFAULT_FILE,
    DryRun,
    Excludes,
    Output,
    OutputOption,
    SpecFile,
    SummaryOption,
    Take,
    Targets,
    Verbose,
    proven,
)
from vddkctl.cli.output import note, progress
from vddkctl.cli.reports import Form, Notify, NotifyForm, Reports, Telling, outcome, telling

if TYPE_CHECKING:
    from vddkctl.cli.session import Session
    from vddkctl.plan.model import Plan

NAME = "plan"

OutFile = Annotated[
    str | None, typer.Option("-o", "--out", metavar="FILE", help="Save the plan, for: vddkctl apply FILE.")
]
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 2 when changes are pending.")]


def run(
    context: typer.Context,
    file: SpecFile = DEFAULT_FILE,
    out: OutFile = None,
    detailed_exitcode: Detailed = False,
    target: Targets = None,
    exclude: Excludes = None,
    take: Take = None,
    dry_run: DryRun = None,
    summary: SummaryOption = False,
    report: Reports = None,
    notify: Notify = None,
    notify_format: NotifyForm = Form.JSON,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Say what would change, and why. Changes nothing."""
    from vddkctl.cli.session import told_session

    prove = proven(dry_run)
    inputs, scope = [file, *([out] if out else [])], (*(target or ()), "but", *(exclude or ()))
    ends = telling("plan", report, notify, notify_format, inputs=inputs, scope=scope)
    with ends.of_run():
        session = told_session(file, progress(verbose), context.obj, ends)
        plan = session.plan(target, exclude, take)
        if prove:
            plan = session.tried(plan)
        return _told(session, plan, out, output, ends, summary=summary, detailed=detailed_exitcode)


def _told(
    session: Session,
    plan: Plan,
    out: str | None,
    output: Output,
    ends: Telling,
    *,
    summary: bool,
    detailed: bool,
) -> int:
    from vddkctl.cli.plan_file import save_plan
    from vddkctl.cli.plan_view import show_plan

    if out is not None:
        save_plan(plan, out)
    if ends.wanted:
        _report(ends, session, plan)
    show_plan(plan, output, summary=summary)
    if out is not None and output is Output.TEXT:
        note(f"Saved to {out}. Carry it out with: vddkctl apply {shlex.quote(out)}")
    return 2 if detailed and plan.changes else 0


def _report(ends: Telling, session: Session, plan: Plan) -> None:
    from vddkctl.plan.codec import plan_to_json
    from vddkctl.report.files.outcome import plan_rows
    from vddkctl.report.plan_text import summary_line

    chains = session.explained(plan) if any(file.suffix == ".html" for file in ends.files) else ()
    ends.tell(lambda: outcome("plan", plan, summary_line(plan), plan_rows(plan), plan_to_json(plan), chains))
