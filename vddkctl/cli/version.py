"""``vddkctl version``."""

from __future__ import annotations

from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data

NAME = "version"


def run(output: OutputOption = Output.TEXT, _verbose: Verbose = 0) -> None:
    """Print the version of vddkctl, and of the Python it runs on."""
    import platform

    from vddkctl import __version__

    if output is Output.JSON:
        json_data({"vddkctl": __version__, "python": platform.python_version()})
    else:
        data(f"vddkctl {__version__} (Python {platform.python_version()})\n")
