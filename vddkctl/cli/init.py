"""``vddkctl init``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Verbose
from vddkctl.cli.output import data, note

NAME = "init"

Target = Annotated[str, typer.Argument(metavar="FILE", help="Where to write it; - for standard output.")]


def run(file: Target = DEFAULT_FILE, _verbose: Verbose = 0) -> None:
    """Write a commented spec to start from. Never overwrites a file."""
    from pathlib import Path

    from vddkctl.errors import VddkctlError
    from vddkctl.site.starter import starter

    if file == "-":
        data(starter())
        return
    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(starter())
    except FileExistsError:
        raise VddkctlError(
            "there is a file already, and it stays as it is", where=file, hint="name another one"
        ) from None
    except OSError as error:
        raise VddkctlError(f"cannot be written: {error.strerror}", where=file) from None
    note(f"Wrote {file}. Next: edit it, then vddkctl plan{'' if file == DEFAULT_FILE else f' -f {file}'}")
