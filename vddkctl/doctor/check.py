"""One thing that was looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from vddkctl.errors import VddkctlError


class Status(StrEnum):
    """How it is."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Check(Struct, frozen=True):
    """``detail`` is what was found, ``next`` what to do about it."""

    group: str
    name: str
    status: Status
    detail: str = ""
    next: str = ""


Group = Callable[[], Iterable[Check]]
"""Looks at things that belong together."""


def tried(group: str, name: str, look: Callable[[], Check | str]) -> Iterator[Check]:
    """One check: what ``look`` gives, a text for what is well; an error of ours is a failure with its own words."""
    try:
        found = look()
    except VddkctlError as error:
        where = f"{error.where}: " if error.where else ""
        yield Check(group, name, Status.FAIL, f"{where}{error.what}", error.hint)
    else:
        yield Check(group, name, Status.PASS, found) if isinstance(found, str) else found
