"""``vddkctl image``: images that are pushed already."""

from __future__ import annotations

import typer

from vddkctl.cli.image import copy, export, index, inspect, verify
from vddkctl.cli.shape import Command

_HELP = "Look at images, wherever they are kept, and carry them."

app = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
for _command in (copy, export, index, inspect, verify):
    app.command(_command.NAME, cls=Command)(_command.run)


@app.callback(help=_HELP)
def _image() -> None:
    """Images that are pushed already."""
