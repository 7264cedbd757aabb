"""A process that has loaded vddkctl, and of which commands are copies: they need not load it again.

Started as ``python -m tests.support.nursery FD`` by :mod:`tests.support.commands`; it ends when that socket does.
Each message is one command: JSON with words, folder and environment, and with it the three streams and a socket on which
its process id and then its exit status are told, each as a line.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

MOST = 1 << 20
"""Bytes of a message."""
_LIBRARIES = (
    "deepdiff",
    "kubernetes.client",
    "kubernetes.config",
    "pydantic",
    "ruamel.yaml",
    "typer",
    "urllib3",
)


def main() -> None:
    """Wait for commands, one after the other, and let each go on by itself."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _load()
    gc.collect()
    gc.freeze()  # else a copy would touch, and so really copy, every object
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    while True:
        message, streams, *_ = socket.recv_fds(control, MOST, 4)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _keep(json.loads(message), streams)
        for each in streams:
            os.close(each)


def _load() -> None:
    import vddkctl

    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as the command line does before it loads it
    for name in _LIBRARIES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(vddkctl.__path__, "vddkctl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _keep(command: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Start the command, wait for its end, and tell it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answer = socket.socket(fileno=streams[3])
    child = os.fork()
    if child == 0:
        answer.close()
        _become(command, streams[:3])
    for each in streams[:3]:
        os.close(each)
    with contextlib.suppress(OSError):  # who has given the command up is there no more
        answer.sendall(b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        answer.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(command: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be the command, as if it had just been started."""
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    _open_streams()
    os.chdir(command["cwd"])
    os.umask(command["umask"])
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    tempfile.tempdir = None
    if os.environ.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    sys.argv = ["vddkctl", *command["words"]]
    try:
        from vddkctl.__main__ import main as run

        run()
    except BaseException:  # as the interpreter would; the command line itself leaves by os._exit
        traceback.print_exc()
    finally:
        os._exit(1)


def _open_streams() -> None:
    """As an interpreter does when it starts, which looks what they are."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        before = getattr(sys, name)
        raw = os.fdopen(number, f"{mode}b", closefd=False)
        stream = io.TextIOWrapper(raw, before.encoding, before.errors)
        stream.reconfigure(line_buffering=name == "stderr")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    main()
