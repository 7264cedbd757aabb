"""Logs of several containers at once, line by line, each with where it comes from."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO

from msgspec import Struct

from vddkctl.errors import ClusterError, ClusterUnreachableError
from vddkctl.plan.workload import VddkPod
from vddkctl.threads import start

AT_ONCE = 4
"""Logs that are read at the same time, where each has an end."""
FOLLOWED = 32
"""Logs that are followed at the same time; others wait for one of them to end."""
_LOOK = 3.0
"""Seconds between looks for new pods, and for containers that have begun."""
_WAITING = 1000
"""Lines on their way. A reader that is slow makes the logs wait."""
_IN_MEMORY, _PIECE = 1 << 20, 1 << 16
_LONGEST = 1 << 20
"""Bytes of a line; what is longer comes in several."""


class Run(Struct, frozen=True):
    """One run of a container: it can begin again, and has another log then."""

    namespace: str
    pod: str
    uid: str
    container: str
    number: int


class Line(Struct, frozen=True):
    """One line of a log, without its end."""

    run: Run
    text: str


class Ended(Struct, frozen=True):
    """A log is at its end; ``error`` says why, where it broke off or could not be read at all."""

    run: Run
    error: ClusterError | None = None


class Broken(Struct, frozen=True):
    """A log that is followed broke off on the way; it is opened again."""

    run: Run
    error: ClusterError


Event = Line | Ended | Broken
Read = Callable[[Run], Iterator[bytes]]
"""Gives the bytes of a log as they come. Raises ClusterError."""


def runs(pods: Iterable[VddkPod]) -> list[Run]:
    """What has a log by now, in the order of the pods: VDDK's own container before those that use it."""
    return [
        Run(pod.namespace, pod.name, pod.uid, each.name, each.restarts)
        for pod in pods
        for each in pod.containers
        if each.begun
    ]


def read_all(read: Read, wanted: Sequence[Run]) -> Iterator[Event]:
    """Each log as it is now, one after the other; a few are read ahead."""
    waiting, ahead = deque(wanted), deque[tuple[Run, Future[IO[bytes]]]]()
    while waiting or ahead:
        while waiting and len(ahead) < AT_ONCE:
            run = waiting.popleft()
            ahead.append((run, start(_kept, read, run)))
        run, future = ahead.popleft()
        try:
            with future.result() as content:
                yield from (Line(run, text) for text in _lines(_pieces(content)))
        except ClusterError as error:
            yield Ended(run, error)
        else:
            yield Ended(run)


def follow_all(
    read: Read, look: Callable[[], Sequence[VddkPod]], first: Sequence[VddkPod]
) -> Iterator[Event]:
    """Lines as they are written, of these pods and of those that come, until nothing more is to be expected.

    ``look`` gives the pods as they are. Each log that has ended is told once, and not opened again; one that broke off
    on the way is. Where there are no pods yet, it waits for some.
    """
    events: queue.Queue[Event] = queue.Queue(_WAITING)
    turn, begun, running = BoundedSemaphore(FOLLOWED), set[Run](), set[Run]()
    pods, some = first, False
    while True:
        for run in runs(pods):
            if run not in begun:
                begun.add(run)
                running.add(run)
                some = True
                start(_followed, read, run, turn, events)
        end = time.monotonic() + _LOOK
        while running and (event := _next(events, end)):
            if isinstance(event, Ended):  # it comes behind all lines of its log
                running.discard(event.run)
                if isinstance(event.error, ClusterUnreachableError):
                    begun.discard(event.run)
                    event = Broken(event.run, event.error)
            yield event
        over = some and not running and all(pod.over for pod in pods)
        if not running and not over:
            time.sleep(max(0.0, end - time.monotonic()))
        pods = look()
        if over and set(runs(pods)) <= begun and all(pod.over for pod in pods):
            return


def _next(events: queue.Queue[Event], end: float) -> Event | None:
    """What comes until then."""
    try:
        return events.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        return None


def _kept(read: Read, run: Run) -> IO[bytes]:
    content = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - its reader closes it
    try:
        for piece in read(run):
            content.write(piece)
    except BaseException:
        content.close()
        raise
    content.seek(0)
    return content


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    while piece := content.read(_PIECE):
        yield piece


def _followed(read: Read, run: Run, turn: BoundedSemaphore, events: queue.Queue[Event]) -> None:
    error: ClusterError | None = None
    with turn:
        try:
            for text in _lines(read(run)):
                events.put(Line(run, text))
        except ClusterError as failed:
            error = failed
        except Exception as failed:  # a thread's own mistake must not leave its reader waiting
            error = ClusterError(f"{type(failed).__name__}: {failed}", where=f"{run.namespace}/{run.pod}")
    events.put(Ended(run, error))


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
        while len(rest) > _LONGEST:
            yield rest[:_LONGEST].decode("utf-8", "replace")
            rest = rest[_LONGEST:]
    if rest:
        yield rest.decode("utf-8", "replace")
