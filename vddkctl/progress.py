"""How long work says where it is. The rooms below only know these two protocols; reports draw them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One piece of long work."""

    def advance(self, amount: int) -> None:
        """``amount`` more of the task's unit (bytes, or objects) is done. Safe to call from any thread."""
        ...


class Progress(Protocol):
    """Where long work announces itself."""

    def task(self, label: str, total: int | None, unit: str = "bytes") -> AbstractContextManager[Task]:
        """Start a task; it ends with the ``with`` block. ``total`` is None when it is not known."""
        ...


class _SilentTask:
    def advance(self, amount: int) -> None:
        del amount


class Silent:
    """Says nothing: for tests, scripts and ``--output json``."""

    @contextmanager
    def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
        """Yield a task that ignores what it is told."""
        del label, total, unit
        yield _SilentTask()
