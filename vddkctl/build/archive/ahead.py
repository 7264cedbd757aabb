"""Work that runs ahead of its reader, in a thread of its own and by a bounded number of items."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE = 0.2
"""Seconds that Ctrl-C waits for the thread."""


class Ahead(Generic[T]):
    """An iterator whose items are made in a thread, at the most ``depth`` ahead of the reader.

    An error in the thread is raised where the next item would have come. Leaving the ``with`` block early (an
    error, Ctrl-C) lets the thread finish the item it is at, and no more; the source is then closed. Ctrl-C does not
    wait long for that: the item may have to come from a server that stays silent.
    """

    def __init__(self, source: Iterator[T], depth: int = 4) -> None:
        self._source = source
        self._depth = depth
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self._done = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="vddkctl-ahead", daemon=True)

    def __enter__(self) -> Ahead[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join(_PATIENCE if kind is KeyboardInterrupt else None)
        self._items.clear()

    def stop(self) -> None:
        """Ask the thread to end; a reader that waits gets no more items. Safe from any thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            while not (self._items or self._done or self._stopped):
                self._changed.wait()
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            raise StopIteration

    def _run(self) -> None:
        try:
            for item in self._source:
                if not self._offer(item):
                    break
        except BaseException as error:  # raised again in the reader's thread
            self._error = error
        finally:
            close = getattr(self._source, "close", None)
            if close is not None:
                close()
            with self._changed:
                self._done = True
                self._changed.notify_all()

    def _offer(self, item: T) -> bool:
        with self._changed:
            while len(self._items) >= self._depth and not self._stopped:
                self._changed.wait()
            if not self._stopped:
                self._items.append(item)
                self._changed.notify_all()
            return not self._stopped
