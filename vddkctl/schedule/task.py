"""What is to run, and how often."""

from __future__ import annotations

import hashlib
import re
import shlex

from msgspec import Struct

from vddkctl.errors import UsageError

_EVERY = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_CRON = re.compile(r"(\S+\s+){4}\S+")


class Task(Struct, frozen=True):
    """One scheduled drift check. ``spec`` is the spec's whole path, ``command`` vddkctl's; ``cron`` five fields."""

    site: str
    spec: str
    command: str
    cron: str
    reports: tuple[str, ...] = ()
    name: str = "vddkctl-drift"

    @property
    def words(self) -> list[str]:
        """The command line."""
        reports = [word for report in self.reports for word in ("--report", report)]
        return [self.command, "drift", "--quiet", "-f", self.spec, *reports]

    @property
    def shell(self) -> str:
        """The command line as a shell takes it."""
        return shlex.join(self.words)


def cron_of(every: str, site: str) -> str:
    """Five fields of cron for ``15m``, ``1h`` or ``1d``. Which minute depends on the site: not all shall run at once.

    Raises UsageError for a time that cron cannot say.
    """
    match = _EVERY.fullmatch(every)
    if match is None:
        raise UsageError(
            f"--every {every} is no time", hint="such as 15m, 1h or 1d; or --cron '*/15 * * * *'"
        )
    number, unit = int(match[1]), match[2]
    spread = int.from_bytes(hashlib.sha256(site.encode()).digest()[:4], "big")
    if unit == "m" and number < 60 and 60 % number == 0:
        first = spread % number
        return f"{first}-59/{number} * * * *" if number > 1 else "* * * * *"
    if unit == "h" and number < 24 and 24 % number == 0:
        hours = "*" if number == 1 else f"{spread // 60 % number}-23/{number}"
        return f"{spread % 60} {hours} * * *"
    if unit == "d" and number == 1:
        return f"{spread % 60} {spread // 60 % 24} * * *"
    raise UsageError(f"cron cannot say every {every}", hint="take a part of an hour or of a day, or --cron")


def checked_cron(text: str) -> str:
    """Five fields, as they stand. Raises UsageError."""
    if not _CRON.fullmatch(text) or "%" in text:
        raise UsageError(f"--cron {text!r} has not five fields", hint="as in: --cron '*/15 * * * *'")
    return text
