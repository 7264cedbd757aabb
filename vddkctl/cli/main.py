"""The command line: all commands.

Nothing heavy is imported here: each command brings what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.ending import exit_code
from vddkctl.cli.shape import Command, Commands

if TYPE_CHECKING:
    from vddkctl.cli.early import Begun

COMMANDS = (
    "init",
    "import",
    "demo",
    "validate",
    "plan",
    "apply",
    "show",
    "drift",
    "schedule",
    "history",
    "rollback",
    "explain",
    "status",
    "logs",
    "tune",
    "doctor",
    "schema",
    "version",
)
GROUPS = ("archive", "image")
"""Commands with commands of their own, listed after the others. Each name is a module beside this one."""
_MODULES = {"import": "import_"}

EPILOG = (
    "Exit codes: 0 done; 1 failed; 2 changes are pending (plan --detailed-exitcode); 3 drift; "
    "4 apply did a part; 64 wrong command line; 130 interrupted."
)


def make_app(names: Iterable[str] = (*COMMANDS, *GROUPS)) -> typer.Typer:
    """The command line, with these commands."""
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
    app.callback()(_top)
    for name in names:
        module = import_module(f"vddkctl.cli.{_MODULES.get(name, name)}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(module.NAME, cls=Command)(module.run)
    return app


def named_first(words: Sequence[str]) -> tuple[str, ...]:
    """The commands that a command line can mean: the one it begins with, else all, for help and for what was meant."""
    every = (*COMMANDS, *GROUPS)
    return (words[0],) if words and words[0] in every else every


def _version(wanted: bool) -> None:
    if wanted:
        from vddkctl.cli import version

        version.run()
        raise typer.Exit


def _top(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version, as the command does."
        ),
    ] = False,
) -> None:
    """Every option but this one belongs to a command."""


def main(begun: Begun | None = None) -> int:
    """Run the command line; returns its exit code. ``begun`` is what commands find in their context."""
    # pydantic would look through every installed package for plugins of its own: a tenth of a plan.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    app = make_app(named_first(sys.argv[1:]))
    return exit_code(lambda: app(prog_name="vddkctl", standalone_mode=False, obj=begun))
