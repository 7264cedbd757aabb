"""Best-of-N timing, with both sides taking turns, and the time and peak memory of a command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Linux counts the memory of the process that starts a command as the command's own peak. So a bare
# interpreter of some 10 MB stands between, and what a bench itself has loaded is not in the figure.
_BETWEEN = """
import json, os, resource, sys, time
start = time.perf_counter()
null = os.open(os.devnull, os.O_RDWR)
actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, used = os.wait4(child, 0)
seconds = time.perf_counter() - start
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, used.ru_maxrss * 1024]))
"""


VDDKCTL = str(Path(sys.executable).with_name("vddkctl"))
"""The command as people type it: the one that is installed beside this interpreter."""


@dataclass(frozen=True)
class Used:
    """What a command took: seconds of wall time, and the most bytes of memory it held at once."""

    seconds: float
    peak: float


def command(
    words: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None, code: int = 0
) -> Used:
    """Run a command, what it prints thrown away. Raises RuntimeError when it does not end with ``code``."""
    between = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _BETWEEN, *map(str, words)],
        cwd=cwd,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    ended, seconds, peak = json.loads(between.stdout or "[null, 0, 0]")
    if ended != code:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit code {ended}\n{between.stderr}")
    return Used(seconds, peak)


def call(function: Callable[[], object]) -> float:
    """Seconds that a function takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def race(*sides: Callable[[], float], rounds: int = 5) -> tuple[float, ...]:
    """The best of each side, measured by turns, so that a slow minute of the machine falls on all of them."""
    times = [[side() for side in sides] for _ in range(rounds)]
    return tuple(map(min, zip(*times, strict=True)))
