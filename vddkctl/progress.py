"""How long work says where it is. The rooms below only know these two protocols; reports draw them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, runtime_checkable


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


@runtime_checkable
class Talkative(Protocol):
    """A progress that also has a place for lines that programs of others write while they work for us."""

    def say(self, line: str) -> None:
        """One line, for those who asked for more."""
        ...


def say(progress: Progress, line: str) -> None:
    """Hand a line on, to a progress that has a place for it."""
    if isinstance(progress, Talkative):
        progress.say(line)


class Stoppable:
    """Hands progress on until :meth:`stop`; from then on every sign of life ends its work with KeyboardInterrupt.

    A thread cannot be interrupted from outside, but one that reports on its work looks in here often.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stopped = False

    def stop(self) -> None:
        """End the work at its next sign of life."""
        self._stopped = True

    @contextmanager
    def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
        """Hand on a task."""
        with self._progress.task(label, total, unit) as task:
            yield _StoppableTask(task, self)

    def say(self, line: str) -> None:
        """Hand on a line."""
        if self.stopped:
            raise KeyboardInterrupt
        say(self._progress, line)

    @property
    def stopped(self) -> bool:
        """Whether the work is to end."""
        return self._stopped


class _StoppableTask:
    def __init__(self, task: Task, owner: Stoppable) -> None:
        self._task, self._owner = task, owner

    def advance(self, amount: int) -> None:
        if self._owner.stopped:
            raise KeyboardInterrupt
        self._task.advance(amount)


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
