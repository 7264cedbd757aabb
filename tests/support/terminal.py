"""A person at a terminal: runs the command line on a pseudo-terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT, Completed

CTRL_C, CTRL_D = "\x03", "\x04"

# As under a shell, the command is not the leader of its session: when that one ends, the kernel throws away what the
# terminal has not read yet.
_LEADER = """
import fcntl, os, runpy, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
report = int(sys.argv.pop(1))
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = os.fork()
if child:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(report, str(code).encode())
    signal.pause()
signal.signal(signal.SIGINT, signal.default_int_handler)
os.close(report)
sys.argv[0] = "vddkctl"
runpy.run_module("vddkctl", run_name="__main__")
"""


def at_terminal(
    *words: str, cwd: Path, prompt: str = "", answer: str = "", env: dict[str, str] | None = None
) -> Completed:
    """Run a command, type ``answer`` once ``prompt`` is seen. ``out`` is all that is on the screen."""
    ours, theirs = pty.openpty()
    ended, report = os.pipe()
    leader = subprocess.Popen(
        [sys.executable, "-c", _LEADER, str(report), *words],
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
        pass_fds=[report],
        start_new_session=True,
    )
    os.close(theirs)
    os.close(report)
    screen = b""
    deadline = time.monotonic() + 60
    try:
        while ended not in (readable := select.select([ours, ended], [], [], deadline - time.monotonic())[0]):
            assert readable, f"no end after 60 seconds; on the screen: {screen.decode()}"
            screen += os.read(ours, 65536)
            if answer and prompt.encode() in screen:
                os.write(ours, answer.encode())
                answer = ""
        code = int(os.read(ended, 8))
        while select.select([ours], [], [], 0)[0]:
            screen += os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(ended)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait(60)
    return Completed(code, screen.decode().replace("\r\n", "\n"), "")
