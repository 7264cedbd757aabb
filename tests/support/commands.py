"""Runs commands of vddkctl, each in a process of its own.

Loading is most of what a short command does. So such a process is a copy of one that has loaded everything
(:mod:`tests.support.nursery`), unless ``VDDKCTL_TEST_EXEC`` is set, or the environment is one that an interpreter heeds
when it starts. What start-up itself does is tested with interpreters that really start.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.support.nursery import MOST

ROOT = Path(__file__).resolve().parents[2]
_EXEC = bool(os.environ.get("VDDKCTL_TEST_EXEC"))


def run(
    *words: str, cwd: Path, env: Mapping[str, str], input: bytes = b"", timeout: float = 120
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end, with its output in pipes. Raises subprocess.TimeoutExpired."""
    environment = {**env, "PYTHONPATH": str(ROOT)}  # this checkout, whatever is installed
    if _EXEC or _at_start(environment) != _at_start(os.environ):
        command = [sys.executable, "-m", "vddkctl", *words]
        return subprocess.run(
            command, cwd=cwd, env=environment, input=input, capture_output=True, timeout=timeout, check=False
        )
    return _copied(words, cwd, environment, input, timeout)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter heeds when it starts."""
    ignored = ("PYTHONPATH", "PYTHONWARNINGS")
    names = [name for name in environment if name.startswith(("PYTHON", "LC_", "LD_", "MALLOC_", "LANG"))]
    return {name: environment[name] for name in names if name not in ignored}


@cache
def _nursery(process: int) -> socket.socket:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.support.nursery", str(its.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    its.close()

    def end() -> None:
        ours.close()
        started.wait()

    atexit.register(end)
    return ours


def _copied(
    words: tuple[str, ...], cwd: Path, environment: Mapping[str, str], input: bytes, timeout: float
) -> subprocess.CompletedProcess[bytes]:
    command = {"words": words, "cwd": str(cwd), "environment": dict(environment), "umask": _umask()}
    message = json.dumps(command).encode()
    assert len(message) < MOST
    (stdin, to), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
    answer, its = socket.socketpair()
    with its:
        socket.send_fds(_nursery(os.getpid()), [message], [stdin, stdout, stderr, its.fileno()])
    for each in (stdin, stdout, stderr):
        os.close(each)
    read: dict[int, bytes] = {}
    threads = [threading.Thread(target=_read, args=(end, read), daemon=True) for end in (out, err)]
    threads.append(threading.Thread(target=_write, args=(to, input), daemon=True))
    for thread in threads:
        thread.start()
    with answer, answer.makefile() as lines:
        answer.settimeout(timeout)
        child = int(lines.readline())
        try:
            code = int(lines.readline())
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["vddkctl", *words], timeout) from None
    for thread in threads:
        thread.join(timeout)
    return subprocess.CompletedProcess(["vddkctl", *words], code, read[out], read[err])


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


def _read(end: int, read: dict[int, bytes]) -> None:
    with os.fdopen(end, "rb") as stream:
        read[end] = stream.read()


def _write(end: int, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(end, "wb") as stream:
        stream.write(content)
