"""A person at a terminal: runs the command line on a pseudo-terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT, Completed

CTRL_C, CTRL_D = "\x03", "\x04"

_START = (
    "import fcntl, runpy, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "sys.argv[0] = 'vddkctl'; runpy.run_module('vddkctl', run_name='__main__')"
)


def at_terminal(
    *words: str, cwd: Path, prompt: str = "", answer: str = "", env: dict[str, str] | None = None
) -> Completed:
    """Run a command, type ``answer`` once ``prompt`` is seen. ``out`` is all that is on the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _START, *words],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "TERM": "xterm",
            **(env or {}),
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = b""
    deadline = time.monotonic() + 60
    with contextlib.suppress(OSError):  # the last program at the terminal has ended
        while time.monotonic() < deadline and select.select([ours], [], [], 60)[0]:
            screen += os.read(ours, 65536)
            if answer and prompt.encode() in screen:
                os.write(ours, answer.encode())
                answer = ""
    os.close(ours)
    try:
        code = process.wait(60)
    finally:
        process.kill()
    return Completed(code, screen.decode().replace("\r\n", "\n"), "")
