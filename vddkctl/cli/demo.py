"""``vddkctl demo``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import Verbose

NAME = "demo"

Folder = Annotated[
    str | None,
    typer.Argument(metavar="FOLDER", help="Where to make the site; a new temporary folder if left out."),
]


def run(folder: Folder = None, _verbose: Verbose = 0) -> int:
    """Take a sample site through plan, apply and drift. Needs no server; the site stays, to look around in."""
    from vddkctl.demo.tour import tour

    return tour(folder)
