"""How often a request is tried, and how long to wait in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from msgspec import Struct

from vddkctl.progress import Progress
from vddkctl.registry.http.answer import Answer
from vddkctl.registry.http.fault import Fault

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses of a moment. 501 and the like stay what they are."""

_STEP = 0.2
_FEW = 3
"""How often a door is knocked at where nobody answers."""

Rest = Callable[[float, str], None]
"""Waits so many seconds; the text says what for."""


class Patience(Struct, frozen=True):
    """Seconds double with each attempt, from ``first``; ``most`` is the longest wait that a server may ask for."""

    attempts: int = 5
    first: float = 0.5
    most: float = 120.0

    def delay(self, attempt: int, retry_after: str | None = None) -> float | None:
        """Seconds to wait after the attempt of this number, from 1; None when it was the last, or to wait is too long.

        ``retry_after`` is the header (RFC 9110, 10.2.3). Else the wait is random by a quarter, so that many clients do
        not come back at once.
        """
        if attempt >= self.attempts:
            return None
        asked = seconds_asked(retry_after)
        if asked is not None:
            return asked if asked <= self.most else None
        return self.first * float(2 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret

    def after(self, fault: Fault, attempt: int) -> float | None:
        """As :meth:`delay`, by what went wrong at that attempt."""
        if not fault.passing or (fault.nobody and attempt >= _FEW):
            return None
        return self.delay(attempt)

    def persist(self, send: Callable[[], Answer], rest: Rest) -> Answer:
        """What ``send`` gives, as soon as that is no answer of a moment; the last one when patience is at its end.

        Raises the last :class:`Fault`.
        """
        attempt = 1
        while True:
            try:
                answer = send()
            except Fault as fault:
                delay, why = self.after(fault, attempt), fault.what
                if delay is None:
                    raise
            else:
                asked = answer.header("Retry-After")
                delay = self.delay(attempt, asked) if answer.status in AGAIN else None
                if delay is None:
                    return answer
                from vddkctl.registry.http.refusal import name_of

                why = name_of(answer.status)
                answer.close()
            rest(delay, why)
            attempt += 1


PATIENT = Patience()
"""Gives up after some eight seconds, or what the registry asks for."""


def seconds_asked(retry_after: str | None) -> float | None:
    """What ``Retry-After`` says, in seconds or as a date; None where it says nothing that can be read."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def pause(seconds: float, why: str, progress: Progress) -> None:
    """Wait, and show it where it takes long."""
    end = time.monotonic() + seconds
    with progress.task(why, round(seconds), "seconds") as task:
        shown = 0
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _STEP))
            passed = int(seconds - left)
            task.advance(passed - shown)
            shown = passed
