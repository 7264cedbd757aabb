"""One program, run to its end or until its time is up; what it writes is kept as far as a person would read it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import TimeoutError as NotYetError
from pathlib import Path
from typing import IO

from msgspec import Struct

from vddkctl import threads
from vddkctl.errors import TrialError

KEPT = 64 << 10
"""Bytes of a stream's end that are kept: a container may write without end."""

_STREAMS_CLOSE = 2.0
"""Seconds for what is left in the pipes of a program that has ended; another one may hold them open."""


class Done(Struct, frozen=True):
    """How it ended. ``code`` is None when it was killed since its time was up; both texts are the ends of streams."""

    code: int | None
    out: str
    err: str = ""

    @property
    def last(self) -> str:
        """The last line that it wrote, of standard error where there is one."""
        lines = [line.strip() for line in (self.err.strip() or self.out.strip()).splitlines()]
        return lines[-1].removeprefix("Error: ") if lines else f"exit code {self.code}"


def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    *,
    folder: Path | None = None,
    merged: bool = False,
) -> Done:
    """Run it in a session of its own, so that a Ctrl-C is ours to pass on. ``merged``: both streams are ``out``.

    Whatever ends the waiting kills the program, and all that it has started in its session.
    Raises TrialError when it cannot be started.
    """
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        raise TrialError(f"{words[0]} cannot be started: {error.strerror}") from None
    code: int | None = None
    tails = [_Tail(stream) for stream in (process.stdout, process.stderr) if stream]
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout)
    finally:
        if code is None:
            kill(process)
    return Done(code, *(tail.text() for tail in tails))


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a program that was started in a session of its own, with all that is in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Tail:
    """The end of a stream that is read in a thread: what has come, also where it does not close in time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._kept = bytearray()
        self._ended = threads.start(self._read, stream)

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while piece := os.read(stream.fileno(), KEPT):
                self._kept += piece
                del self._kept[:-KEPT]

    def text(self) -> str:
        """What is kept, once the stream has closed or is late."""
        with contextlib.suppress(NotYetError):
            self._ended.result(_STREAMS_CLOSE)
        return bytes(self._kept).decode("utf-8", "replace")
