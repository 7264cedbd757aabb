"""The three standard streams, whatever they are connected to."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

from vddkctl.errors import VddkctlError


def make_usable() -> None:
    """Open the streams that were closed, and make those with a small alphabet write every text."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for the whole run
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what standard output still holds.

    Raises BrokenPipeError when its reader has left, VddkctlError when it cannot be written.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        drop_output()
        raise _told(error) from None


def flush_all() -> None:
    """Write out what the streams still hold, as far as anybody takes it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def write(text: str) -> None:
    """Write to standard output. Raises as :func:`flush` does."""
    try:
        sys.stdout.write(text)
    except OSError as error:
        drop_output()
        raise _told(error) from None


def drop_output() -> None:
    """Let the rest go nowhere: Python would complain at exit of what it could not write."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _told(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error
    return VddkctlError(f"standard output cannot be written: {error.strerror}")
