"""``vddkctl schema``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vddkctl.cli.output import json_data

NAME = "schema"


class Which(StrEnum):
    """What the schema describes."""

    SITE = "site"
    PLAN = "plan"


def run(
    which: Annotated[
        Which, typer.Argument(metavar="WHICH", help="site: the spec; plan: a saved plan.")
    ] = Which.SITE,
) -> None:
    """Print the JSON Schema of the spec, or of a saved plan. The spec's is of draft 7, as editors read it."""
    if which is Which.SITE:
        from vddkctl.site.schema import site_schema

        json_data(site_schema())
    else:
        from vddkctl.plan.schema import plan_schema

        json_data(plan_schema())
