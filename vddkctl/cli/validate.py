"""``vddkctl validate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, SpecFile, Verbose
from vddkctl.cli.output import data, json_data
from vddkctl.errors import UsageError, VddkctlError

if TYPE_CHECKING:
    from vddkctl.site.diagnostic import Diagnostic

NAME = "validate"

Reports = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FILE", help="Write a report: .json or .sarif; repeatable."),
]


def run(
    file: SpecFile = DEFAULT_FILE,
    report: Reports = None,
    output: OutputOption = Output.TEXT,
    _verbose: Verbose = 0,
) -> int:
    """Check the spec: every mistake at once, each with its place. Reads nothing else."""
    from vddkctl.cli.reports import checked
    from vddkctl.cli.session import read_spec
    from vddkctl.report.diagnostics import diagnostics_json
    from vddkctl.report.words import plural
    from vddkctl.site.diagnostic import SpecError
    from vddkctl.site.load import load

    files = checked(report, (".json", ".sarif"), inputs=[file])
    try:
        text, name, _ = read_spec(file)
    except UsageError:
        raise
    except VddkctlError as error:
        _report(files, file, (), str(error))
        raise
    try:
        loaded = load(text, name)
    except SpecError as error:
        _report(files, name, error.diagnostics)
        if output is not Output.JSON:
            raise
        json_data(diagnostics_json(name, error.diagnostics))
        return error.exit_code
    _report(files, name, ())
    if output is Output.JSON:
        json_data(diagnostics_json(name, ()))
    else:
        images = plural(len(loaded.site.images), "image")
        providers = plural(len(loaded.site.providers), "provider entry", "provider entries")
        data(f"{name} is valid: {images}, {providers}\n")
    return 0


def _report(files: Sequence[Path], name: str, found: Sequence[Diagnostic], failure: str = "") -> None:
    """Write the reports. ``failure``: why the spec could not be read."""
    if not files:
        return
    from vddkctl.cli.reports import write
    from vddkctl.report.diagnostics import diagnostics_json
    from vddkctl.report.files.json import json_text
    from vddkctl.report.files.sarif import sarif

    for path in files:
        if path.suffix == ".sarif":
            write(path, json_text(sarif(name, found, failure)))
            continue
        whole = diagnostics_json(name, found)
        write(path, json_text({**whole, "valid": False, "error": {"message": failure}} if failure else whole))
