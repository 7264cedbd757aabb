"""Threads that nobody waits for: a server that stays silent must not keep Ctrl-C from ending a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


def start(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
    """Run a function in a thread of its own, which ends with the process at the latest."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


class Once(Generic[T]):
    """What the first who asks gets, and nobody after: it grows old, and may be large."""

    def __init__(self, future: Future[T] | None = None) -> None:
        self._future = future

    def take(self) -> Future[T] | None:
        """The answer, perhaps still to come; None where it was taken before, or never asked for."""
        future, self._future = self._future, None
        return future


def each(function: Callable[[T], R], items: Iterable[T], limit: int) -> list[R]:
    """``function`` of every item, at most ``limit`` at a time, in the order of the items.

    Raises the first error, at once: items that are not begun by then never are.
    """
    waiting = list(enumerate(items))
    if len(waiting) <= 1 or limit <= 1:
        return [function(item) for _, item in waiting]
    results: dict[int, R] = {}
    lock, stopped = threading.Lock(), threading.Event()
    waiting.reverse()

    def work() -> None:
        while not stopped.is_set():
            with lock:
                if not waiting:
                    return
                number, item = waiting.pop()
            results[number] = function(item)

    workers = [start(work) for _ in range(min(limit, len(waiting)))]
    try:
        done, _ = wait(workers, return_when=FIRST_EXCEPTION)
        for worker in done:
            worker.result()
        return [results[number] for number in sorted(results)]
    finally:
        stopped.set()
