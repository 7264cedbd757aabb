"""``vddkctl demo``."""

from __future__ import annotations

from typing import Annotated

import typer

NAME = "demo"

Folder = Annotated[
    str | None,
    typer.Argument(metavar="[FOLDER]", help="Where to make the site; a new temporary folder if left out."),
]


def run(folder: Folder = None) -> int:
    """Make a sample site in a folder and take it through plan, apply, drift: the main job, with no server."""
    from vddkctl.demo.tour import tour

    return tour(folder)
