"""Where words go: data to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from vddkctl.cli.streams import write

if TYPE_CHECKING:
    from vddkctl.report.progress import Lines
    from vddkctl.report.style import Style


def data(text: str) -> None:
    """Write what the command was asked for."""
    write(text)


def json_data(value: Any) -> None:
    """Write data as JSON."""
    import json

    plain = (sys.stdout.encoding or "").lower() not in {"utf-8", "utf8"}
    data(json.dumps(value, indent=2, ensure_ascii=plain) + "\n")


def note(text: str, end: str = "\n") -> None:
    """Write what a person may want to know besides. A standard error that is gone is no reason to stop."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + end)
        sys.stderr.flush()


def style() -> Style:
    """How standard output may look."""
    from vddkctl.report.style import style_for

    return style_for(sys.stdout, os.environ)


def progress(verbose: int = 0) -> Lines:
    """Progress on standard error."""
    from vddkctl.report.progress import Lines

    return Lines(sys.stderr, chatty=verbose > 0)
