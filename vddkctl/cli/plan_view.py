"""A plan on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vddkctl.cli.options import Output
from vddkctl.cli.output import data, json_data, note, style

if TYPE_CHECKING:
    from vddkctl.plan.model import Plan


def show_plan(plan: Plan, output: Output, *, summary: bool = False) -> None:
    """Show a plan, or only what it comes to."""
    if output is Output.JSON:
        from vddkctl.plan.codec import plan_to_json

        whole = plan_to_json(plan)
        head = ("formatVersion", "tool", "site", "siteDigest", "summary")
        json_data({key: whole[key] for key in head} if summary else whole)
        return
    from vddkctl.report.plan_text import plan_text, summary_line

    if summary:
        from vddkctl.plan.lost import CODES

        for warning in plan.warnings:
            if warning.code in CODES:
                note(f"{warning.address}: {warning.message}")
    data(summary_line(plan) + "\n" if summary else plan_text(plan, style()))
