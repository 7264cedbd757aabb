"""Runs ``vddkctl apply`` again and again, and stops it by a signal, each time one step later.

``python -m tests.support.cut_short TEMPLATE FOLDER SIGNAL FIRST STRIDE``: for each run TEMPLATE is copied to
FOLDER/N, and N is the number of the file operation below it (an audit event of Python) at which the process gets
the signal. Prints N and how the process ended, one run a line, and ends when a run has come to its own end.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

_PATIENCE = 20.0
"""Seconds after which the signal is sent again."""

_OPERATIONS = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.chmod",
    "fcntl.flock",
    "os.scandir",
    "os.truncate",
}


def main(template: str, folder: str, number: str, first: str, stride: str) -> None:
    import vddkctl.cli.main
    import vddkctl.observe
    import vddkctl.report.result_text  # noqa: F401 - loaded once, before the first fork

    at = int(first)
    while True:
        site = Path(folder, str(at))
        shutil.copytree(template, site)
        process = os.fork()
        if process == 0:
            _child(site, signal.Signals(int(number)), at)
        ended = _end_of(process, signal.Signals(int(number)))
        sys.stdout.write(f"{at} {ended}\n")
        sys.stdout.flush()
        if not (site / "hit").exists():
            return
        at += int(stride)


def _end_of(process: int, number: signal.Signals) -> int:
    """How a child ends. Python loses a signal that comes in a callback of its import system: a person presses again."""
    again = time.monotonic() + _PATIENCE
    while not (ended := os.waitpid(process, os.WNOHANG))[0]:
        if time.monotonic() > again:
            os.kill(process, number)
            again += _PATIENCE
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(ended[1])


def _child(site: Path, number: signal.Signals, at: int) -> None:
    os.chdir(site)
    for name in ("out", "err"):
        stream = os.open(site / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(stream, 1 if name == "out" else 2)
    sys.argv = ["vddkctl", "apply", "--auto-approve"]
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in _OPERATIONS and _concerns(site, event, arguments):
            count += 1
            if count == at:
                os.close(os.open(site / "hit", os.O_CREAT))
                os.kill(os.getpid(), number)

    sys.addaudithook(hook)
    from vddkctl.cli.main import main as vddkctl

    code = vddkctl()
    sys.stdout.flush()
    os._exit(code)


def _concerns(site: Path, event: str, arguments: tuple[object, ...]) -> bool:
    return event == "fcntl.flock" or any(str(argument).startswith(str(site)) for argument in arguments[:2])


if __name__ == "__main__":
    main(*sys.argv[1:])
