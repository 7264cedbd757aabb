"""Where words go: data to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vddkctl.report.progress import Lines
    from vddkctl.report.style import Style


def data(text: str) -> None:
    """Write what the command was asked for."""
    sys.stdout.write(text)


def json_data(value: Any) -> None:
    """Write data as JSON."""
    import json

    data(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def note(text: str) -> None:
    """Write what a person may want to know besides."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def style() -> Style:
    """How standard output may look."""
    from vddkctl.report.style import style_for

    return style_for(sys.stdout, os.environ)


def progress(verbose: int = 0) -> Lines:
    """Progress on standard error."""
    from vddkctl.report.progress import Lines

    return Lines(sys.stderr, chatty=verbose > 0)
