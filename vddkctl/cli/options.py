"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vddkctl.errors import UsageError


class Output(StrEnum):
    """What goes to standard output."""

    TEXT = "text"
    JSON = "json"


SpecFile = Annotated[
    str,
    typer.Option(
        "-f", "--file", envvar="VDDKCTL_FILE", metavar="FILE", help="The spec; - reads standard input."
    ),
]
OutputOption = Annotated[Output, typer.Option("--output", help="text for people, json for programs.")]
# The command's own ending looks for -vv; a command that has nothing more to say takes it all the same.
Verbose = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, show_default=False, help="Say more; -vv for tracebacks too."),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target", metavar="ADDRESS", help="Only this address (a glob) and what it needs; repeatable."
    ),
]
Excludes = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", metavar="ADDRESS", help="Not this address (a glob) nor what needs it; repeatable."
    ),
]
Take = Annotated[
    list[str] | None,
    typer.Option(
        "--take",
        metavar="ADDRESS",
        help="Take fields of this address (a glob) from other managers; repeatable.",
    ),
]
DryRun = Annotated[
    str | None,
    typer.Option(
        "--dry-run",
        metavar="server",
        help="Let the cluster try out every change; nothing is written.",
    ),
]
SummaryOption = Annotated[bool, typer.Option("--summary", help="Only the line that sums it up.")]

DEFAULT_FILE = "site.yaml"


def proven(dry_run: str | None) -> bool:
    """Whether every change is to be tried out. Raises UsageError for another way than the server's."""
    if dry_run not in (None, "server"):
        raise UsageError(f"--dry-run={dry_run} is not known", hint="there is: --dry-run=server")
    return dry_run is not None
