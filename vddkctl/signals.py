"""Signals that end a run, and a few moments in which they wait."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a CI system that stops a job, a terminal that is closed."""


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let signals that would end the run wait until the block ends: what is short is not done by halves.

    Programs that are started meanwhile are not kept from ending by them, as they would be by a mask.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    with _masked():
        heeded = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda got, _: waiting.append(got)) for number in heeded}
    try:
        yield
    finally:
        with _masked():
            for number, handler in before.items():
                signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])


@contextlib.contextmanager
def _masked() -> Iterator[None]:
    """All handlers are changed, or none."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
