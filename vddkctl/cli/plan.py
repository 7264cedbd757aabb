"""``vddkctl plan``."""

from __future__ import annotations

import shlex
from pathlib import Path
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
from vddkctl.cli.reports import Reports, checked, outcome, write

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
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Say what would change, and why. Changes nothing."""
    from vddkctl.cli.plan_file import save_plan
    from vddkctl.cli.plan_view import show_plan
    from vddkctl.cli.session import open_session

    prove, files = proven(dry_run), checked(report)
    session = open_session(file, progress(verbose), context.obj)
    plan = session.plan(target, exclude, take)
    if prove:
        plan = session.tried(plan)
    if out is not None:
        save_plan(plan, out)
    if files:
        _report(files, session, plan)
    show_plan(plan, output, summary=summary)
    if out is not None and output is Output.TEXT:
        note(f"Saved to {out}. Carry it out with: vddkctl apply {shlex.quote(out)}")
    return 2 if detailed_exitcode and plan.changes else 0


def _report(files: tuple[Path, ...], session: Session, plan: Plan) -> None:
    from vddkctl.plan.codec import plan_to_json
    from vddkctl.report.files.outcome import plan_rows
    from vddkctl.report.plan_text import summary_line

    chains = session.explained(plan) if any(file.suffix == ".html" for file in files) else ()
    write(
        files, lambda: outcome("plan", plan, summary_line(plan), plan_rows(plan), plan_to_json(plan), chains)
    )
