"""``vddkctl schema``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vddkctl.cli.options import Verbose
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
    _verbose: Verbose = 0,
) -> None:
    """Print the JSON Schema of the spec, or of a saved plan. The spec's is of draft 7, as editors read it."""
    import json

    json_data(json.loads(_written(which)))


def _written(which: Which) -> str:
    """The schema as it was written from the code: in the package where that is installed, beside it in a checkout."""
    from pathlib import Path

    package = Path(__file__).parents[1]
    places = [folder / "schemas" / f"{which}.schema.json" for folder in (package, package.parent)]
    return next(path for path in places if path.is_file()).read_text(encoding="utf-8")
