"""Looking again and again: drawn anew on a terminal, one block after the other elsewhere."""

from __future__ import annotations

import gc
import shutil
import sys
import time
from collections.abc import Callable

from vddkctl.cli.output import data
from vddkctl.cli.streams import flush
from vddkctl.errors import UsageError, VddkctlError

_HOME, _TO_LINE_END, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"


def watch(look: Callable[[], str], wrong: Callable[[VddkctlError], str], seconds: float) -> None:
    """Write what ``look`` gives, until the run is interrupted; where it fails later on, what ``wrong`` makes of that.

    Raises what the first look raises: that is hardly a passing trouble.
    """
    gc.enable()  # a run is short and does without; this one may last for days
    terminal = sys.stdout.isatty()
    text = look()
    if terminal:
        data(_HOME + _TO_END)
    while True:
        data(_screen(text) if terminal else text)
        flush()
        time.sleep(seconds)
        try:
            text = look()
        except UsageError:
            raise
        except VddkctlError as error:
            text = wrong(error)


def _screen(text: str) -> str:
    """The text over what was there, cut to the height of the terminal."""
    height = max(2, shutil.get_terminal_size().lines - 1)
    lines = text.splitlines()
    if len(lines) > height:
        lines = [*lines[: height - 1], f"… {len(lines) - height + 1} lines more"]
    return _HOME + "".join(f"{line}{_TO_LINE_END}\n" for line in lines) + _TO_END
