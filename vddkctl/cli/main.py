"""The command line: all commands.

Nothing heavy is imported here: each command brings what it needs when it runs.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import Annotated

import typer

from vddkctl.cli import apply, archive, demo, drift, explain, image, init, plan, schema, show, validate, version
from vddkctl.cli.ending import exit_code
from vddkctl.cli.shape import Command, Commands
from vddkctl.cli.streams import flush_all, make_usable

EPILOG = (
    "Exit codes: 0 done; 1 failed; 2 changes are pending (plan --detailed-exitcode); 3 drift; "
    "4 apply did a part; 64 wrong command line; 130 interrupted."
)

app = typer.Typer(
    name="vddkctl",
    cls=Commands,
    help="VDDK images and settings for Forklift, declared in one file: plan, apply, drift.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (init, demo, validate, plan, apply, show, drift, explain, schema, version):
    app.command(_command.NAME, cls=Command)(_command.run)
app.add_typer(archive.app, name="archive")
app.add_typer(image.app, name="image")


def _version(wanted: bool) -> None:
    if wanted:
        version.run()
        raise typer.Exit


@app.callback()
def _top(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version, as the command does."
        ),
    ] = False,
) -> None:
    """Every option but this one belongs to a command."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    # A run is short and leaves next to nothing in circles: to look for it, also at the end, is a sixth of a plan.
    gc.disable()
    make_usable()
    code = exit_code(lambda: app(prog_name="vddkctl", standalone_mode=False))
    gc.freeze()
    if threading.active_count() > 1:
        # A thread that waits for a silent server, say: Python's own way out could stumble over it.
        flush_all()
        os._exit(code)
    raise SystemExit(code)
