"""A run that is held up: it waits for its spec, which comes through a pipe, and is there to be interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT


@contextmanager
def held_up(folder: Path, *options: str, before: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """A drift check in a session of its own; ``before`` are words that stand before the command."""
    pipe = folder / "pipe.yaml"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "vddkctl", "drift", "-f", pipe.name, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with pipe.open("w"):  # the other end is open from here on
            _until_asleep(_reader(process.pid))
            yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        pipe.unlink()


def _reader(number: int) -> int:
    """The process itself, or its child."""
    children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return int(children[0]) if children else number


def _until_asleep(number: int) -> None:
    """A signal between the opening and the reading would be heeded only when something is read."""
    while Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.01)
