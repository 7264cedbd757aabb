"""``vddkctl history``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, SpecFile, Verbose
from vddkctl.cli.output import data, json_data, progress, style
from vddkctl.errors import UsageError

NAME = "history"

Words = Annotated[
    list[str] | None, typer.Argument(metavar="[show] [N]", help="The run to show; all of them if left out.")
]


def run(
    words: Words = None,
    file: SpecFile = DEFAULT_FILE,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Show what was applied: when, by whom, and with which spec.

    With a number, what that run changed, from what to what. The last 50 runs are kept, their details as far as there
    is room.
    """
    from msgspec import to_builtins

    from vddkctl.apply.identity import now
    from vddkctl.cli.session import open_session, refuse_lost
    from vddkctl.observe import read_record
    from vddkctl.plan.history import run_of
    from vddkctl.report.history_text import history_json, history_text, run_text

    number = wanted(words)
    session = open_session(file, progress(verbose))
    record = read_record(session.cluster, session.loaded.site.metadata.name)
    if record is None:
        refuse_lost(session)
    if number is None:
        if output is Output.JSON:
            json_data(history_json(record))
        else:
            data(history_text(record, now(), style()))
        return 0
    found = run_of(record, number)
    if output is Output.JSON:
        json_data(to_builtins(found))
    else:
        data(run_text(found, style()))
    return 0


def wanted(words: list[str] | None) -> int | None:
    """The number of a run, with or without ``show`` in front. Raises UsageError."""
    rest = list(words or ())
    if rest[:1] == ["show"]:
        rest = rest[1:] or [""]
    if not rest:
        return None
    if len(rest) > 1 or not (rest[0].isascii() and rest[0].isdigit()):
        raise UsageError(
            f"{' '.join(words or ())} names no run",
            hint="vddkctl history show N, with a number of: vddkctl history",
        )
    return int(rest[0])
