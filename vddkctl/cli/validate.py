"""``vddkctl validate``."""

from __future__ import annotations

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, SpecFile, Verbose
from vddkctl.cli.output import data, json_data

NAME = "validate"


def run(file: SpecFile = DEFAULT_FILE, output: OutputOption = Output.TEXT, _verbose: Verbose = 0) -> int:
    """Check the spec: every mistake at once, each with its place. Reads nothing else."""
    from vddkctl.cli.session import read_spec
    from vddkctl.report.diagnostics import diagnostics_json
    from vddkctl.report.words import plural
    from vddkctl.site.diagnostic import SpecError
    from vddkctl.site.load import load

    text, name, _ = read_spec(file)
    try:
        loaded = load(text, name)
    except SpecError as error:
        if output is not Output.JSON:
            raise
        json_data(diagnostics_json(name, error.diagnostics))
        return error.exit_code
    if output is Output.JSON:
        json_data(diagnostics_json(name, ()))
    else:
        images = plural(len(loaded.site.images), "image")
        providers = plural(len(loaded.site.providers), "provider entry", "provider entries")
        data(f"{name} is valid: {images}, {providers}\n")
    return 0
