"""An archive that is being read already, before anybody has asked for it.

In a process of its own: a thread would have to take turns with the loading of modules, and both would take as long as
one after the other.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from msgspec.json import encode

from vddkctl.build.archive.identity import FileIdentity, identify
from vddkctl.build.archive.inspection import Remembered
from vddkctl.decoding import decoded
from vddkctl.errors import VddkctlError
from vddkctl.progress import Progress, Task
from vddkctl.vddk.archive import ArchiveFacts


class Begun:
    """What is kept of archives, with one that is not kept yet and is being read. Its facts are waited for.

    It was a guess that somebody will ask for this file. An error on the way is nothing to tell: who asks for it gets
    None, reads the file again, and finds out.
    """

    def __init__(self, kept: Remembered, identity: FileIdentity, reader: int, answer: int) -> None:
        self._kept = kept
        self._identity = identity
        self._reader: int | None = reader
        self._answer = answer

    def get(self, identity: FileIdentity) -> ArchiveFacts | None:
        """The facts of this very file, or None."""
        if identity == self._identity and self._reader is not None:
            with os.fdopen(self._answer, "rb") as answer:
                told = answer.read()
            os.waitpid(self._reader, 0)
            self._reader = None
            if told:
                return decoded(told, ArchiveFacts)
        return self._kept.get(identity)

    def put(self, identity: FileIdentity, facts: ArchiveFacts) -> None:
        """Keep the facts."""
        self._kept.put(identity, facts)

    def forget(self, identity: FileIdentity) -> None:
        """Drop the facts."""
        self._kept.forget(identity)


def begin(path: Path, kept: Remembered, progress: Progress) -> Remembered:
    """Begin to read an archive of which nothing is kept. Call it while there is one thread. Never raises."""
    try:
        identity = identify(path)
        if kept.get(identity) is not None:
            return kept
        answer, end = os.pipe()
        parent = os.getpid()
        reader = os.fork()
    except (OSError, VddkctlError):
        return kept
    if reader == 0:
        _read(path, identity, kept, end, _Alive(progress, parent))
    os.close(end)
    return Begun(kept, identity, reader, answer)


def _read(path: Path, identity: FileIdentity, kept: Remembered, end: int, progress: Progress) -> NoReturn:
    """The other process, to its end."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):  # who reads standard output waits for the first process alone
            os.dup2(nowhere, number)
        from vddkctl.build.archive.reading import read

        facts = read(path, identity, None, progress)
        kept.put(identity, facts)
        with os.fdopen(end, "wb") as pipe:
            pipe.write(encode(facts))
    finally:
        os._exit(0)


class _Alive:
    """Ends this process when its parent is there no more."""

    def __init__(self, progress: Progress, parent: int) -> None:
        self._progress = progress
        self._parent = parent

    @contextmanager
    def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
        with self._progress.task(label, total, unit) as task:
            yield _AliveTask(task, self._parent)


class _AliveTask:
    def __init__(self, task: Task, parent: int) -> None:
        self._task = task
        self._parent = parent

    def advance(self, amount: int) -> None:
        if os.getppid() != self._parent:
            os._exit(1)
        self._task.advance(amount)
