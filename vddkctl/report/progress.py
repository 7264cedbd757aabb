"""Progress of long work, on standard error: one line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from vddkctl.progress import Task
from vddkctl.report.words import size
from vddkctl.visible import shown

_QUIET = 0.5
"""Seconds before a task says anything: what is quicker needs no words."""
_TERMINAL_STEP = 0.1
_PLAIN_STEP = 10.0


class Lines:
    """Draws progress. One task at a time is on the line; tasks may end in any order."""

    def __init__(self, stream: TextIO, *, chatty: bool = False) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._chatty = chatty
        self._lock = threading.Lock()

    @contextmanager
    def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
        """Show a task until the ``with`` block ends."""
        task = _LineTask(self, label, total, unit)
        if self._chatty and not self._terminal:
            self.write(f"{label} …\n")
        try:
            yield task
        finally:
            task.end()

    def say(self, line: str) -> None:
        """A line of a program that works for us, for those who asked for more."""
        if self._chatty:
            self.clear()
            self.write(f"{shown(line)}\n")

    @property
    def step(self) -> float:
        """Seconds between two signs of life."""
        return _TERMINAL_STEP if self._terminal else _PLAIN_STEP

    def show(self, text: str) -> None:
        """Put a task's state where the last one was."""
        self.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")

    def clear(self) -> None:
        """Leave no half line behind."""
        if self._terminal:
            self.write("\r\x1b[K")

    def write(self, text: str) -> None:
        """Write at once, from whichever thread. That nobody reads it any more is no reason to stop the work."""
        with self._lock, suppress(OSError):
            self._stream.write(text)
            self._stream.flush()


class _LineTask:
    def __init__(self, lines: Lines, label: str, total: int | None, unit: str) -> None:
        self._lines, self._label, self._total, self._unit = lines, label, total, unit
        self._done = 0
        self._next = time.monotonic() + max(_QUIET, lines.step)
        self._shown = False
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + self._lines.step
            self._shown = True
            self._lines.show(f"{self._label}: {self._state()}")

    def end(self) -> None:
        if self._shown:
            self._lines.clear()

    def _state(self) -> str:
        if self._unit != "bytes":
            return (
                f"{self._done} of {self._total} {self._unit}" if self._total else f"{self._done} {self._unit}"
            )
        if not self._total:
            return size(self._done)
        return f"{size(self._done)} of {size(self._total)}, {min(100, self._done * 100 // self._total)} %"
