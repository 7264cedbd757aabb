"""When a job runs: the five fields of cron, and the same as systemd's calendar has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct

from vddkctl.errors import UsageError

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_STEP = re.compile(r"(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
_NIGHT = 6
"""A daily job runs in one of the first hours of the day."""


class Times(Struct, frozen=True):
    """``cron`` is five fields of numbers, and ``numbers`` what each stands for. ``gap``: minutes between two runs."""

    cron: str
    numbers: tuple[tuple[int, ...], ...]
    gap: int

    @property
    def limit(self) -> int:
        """Seconds that a run may take: until the next one, from 5 minutes to an hour."""
        return min(max(self.gap * 60, 300), 3600)

    @property
    def delay(self) -> int:
        """Seconds by which a run may begin late, so that machines do not all ask at once."""
        return min(self.gap * 6, 300)

    def calendar(self) -> str:
        """As ``OnCalendar=`` of systemd.timer(5). Raises UsageError where cron means something else by it."""
        minutes, hours, days, months, weekdays = (
            "*" if _whole(field, at) else ",".join(f"{number:02}" for number in field)
            for at, field in enumerate(self.numbers)
        )
        if weekdays != "*":
            if days != "*":
                raise UsageError(
                    f"{self.cron}: with a day and a weekday, cron runs on either, and systemd on both at once",
                    hint="leave one of them *",
                )
            weekdays = ",".join(_DAYS[number] for number in self.numbers[4])
        head = "" if weekdays == "*" else f"{weekdays} "
        return f"{head}*-{months}-{days} {hours}:{minutes}:00"


def every(text: str, site: str) -> Times:
    """``15m``, ``1h`` or ``1d``, at a minute that follows from the site's name. Raises UsageError."""
    found = re.fullmatch(r"([1-9]\d?)([mhd])", text)
    count = int(found[1]) if found else 0
    unit = found[2] if found else ""
    whole = {"m": 60, "h": 24, "d": 2}.get(unit, 0)
    if not count or count >= whole or (unit != "d" and whole % count):
        raise UsageError(
            f"--every {text} does not go evenly into an hour or a day",
            hint="there are 1m to 30m, 1h to 12h and 1d; for other times: --cron '*/20 6-22 * * *'",
        )
    spread = int.from_bytes(sha256(site.encode()).digest()[:4], "big")
    if unit == "m":
        return at("* * * * *" if count == 1 else f"{spread % count}-59/{count} * * * *")
    hour, minute = divmod(spread % ((count if unit == "h" else _NIGHT) * 60), 60)
    if unit == "d":
        return at(f"{minute} {hour} * * *")
    return at(f"{minute} {'*' if count == 1 else f'{hour}-23/{count}'} * * *")


def at(cron: str) -> Times:
    """Five fields of cron. Raises UsageError."""
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        raise UsageError(
            f"--cron {cron!r} has {len(fields)} fields",
            hint="it wants five: minute, hour, day, month, weekday, such as '*/15 * * * *'",
        )
    numbers = tuple(tuple(sorted(set(_numbers(field, place)))) for place, field in enumerate(fields))
    return Times(" ".join(fields), numbers, _gap(numbers[0], numbers[1]))


def _numbers(field: str, place: int) -> Iterator[int]:
    name, low, high = _FIELDS[place]
    for part in field.split(","):
        found = _STEP.fullmatch(part)
        star, first, last, step = found.groups() if found else (None, None, None, "0")
        start = low if star else int(first or -1)
        # A step without an end goes on to the field's own (crontab(5) asks for a range there; all take it so).
        end = high if star or (step and not last) else int(last or start)
        if not found or not low <= start <= end <= high or step in ("0", "00"):
            raise UsageError(
                f"--cron: {part!r} is no {name}",
                hint=f"numbers from {low} to {high}: *, 5, 1-5, */2, 1-5/2 or 1,4",
            )
        yield from range(start, end + 1, int(step or 1))


def _whole(numbers: tuple[int, ...], place: int) -> bool:
    _, low, high = _FIELDS[place]
    return len(numbers) == high - low + 1


def _gap(minutes: tuple[int, ...], hours: tuple[int, ...]) -> int:
    """The fewest minutes between two runs on a day that has any."""
    moments = [hour * 60 + minute for hour in hours for minute in minutes]
    return min(
        later - sooner for sooner, later in zip(moments, [*moments[1:], moments[0] + 24 * 60], strict=True)
    )
