"""What is to run, and the pieces that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from vddkctl.schedule.times import Times

LONGEST = 52
"""Letters in the name of a CronJob: its jobs get eleven more (Kubernetes, "CronJob")."""


def default_name(site: str) -> str:
    """``vddkctl-drift-frankfurt``: as much of a long name as a CronJob may have, and what tells it from its like."""
    name = f"vddkctl-drift-{site}"
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9].rstrip('-.')}-{sha256(site.encode()).hexdigest()[:8]}"


class Job(Struct, frozen=True):
    """A regular look for drift.

    ``spec`` is absolute. ``program`` is vddkctl as a machine starts it, and ``environment`` what it needs there:
    names of files, never a secret. ``reports`` and ``notify`` are handed on as they are.
    """

    site: str
    name: str
    times: Times
    spec: Path
    program: tuple[str, ...] = ("vddkctl",)
    environment: Mapping[str, str] = {}
    reports: tuple[str, ...] = ()
    notify: str | None = None
    user: str | None = None
    image: str | None = None

    def words(self, spec: str, *, notify: str | None = None) -> list[str]:
        """``drift -f SPEC --quiet`` and what else was asked for; ``notify`` stands in for the URL."""
        reports = [word for each in self.reports for word in ("--report", each)]
        where = notify or self.notify
        return ["drift", "-f", spec, "--quiet", *reports, *(["--notify", where] if where else [])]


class Piece(Struct, frozen=True):
    """A file. ``how`` becomes a comment at its head: where it goes, and what sets it going."""

    file: str
    how: tuple[str, ...]
    text: str

    @property
    def whole(self) -> str:
        """The file's content."""
        return "".join(f"# {line}\n" if line else "#\n" for line in self.how) + self.text
