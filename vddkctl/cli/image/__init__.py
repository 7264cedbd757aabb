"""``vddkctl image``: single images, without a spec or beside it."""

from __future__ import annotations

import typer

from vddkctl.cli.image import build, copy, export, index, inspect, verify
from vddkctl.cli.shape import Command

_HELP = "Build one image, look at images, carry them."

app = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
for _command in (build, copy, export, index, inspect, verify):
    app.command(_command.NAME, cls=Command)(_command.run)


@app.callback(help=_HELP)
def _image() -> None:
    """Single images."""
