"""``vddkctl show``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import Output, OutputOption, SummaryOption, Verbose

NAME = "show"


def run(
    plan_file: Annotated[str, typer.Argument(metavar="FILE", help="A plan saved by: vddkctl plan -o FILE.")],
    summary: SummaryOption = False,
    output: OutputOption = Output.TEXT,
    _verbose: Verbose = 0,
) -> None:
    """Show a saved plan."""
    from vddkctl.cli.plan_file import read_plan
    from vddkctl.cli.plan_view import show_plan

    show_plan(read_plan(plan_file), output, summary=summary)
