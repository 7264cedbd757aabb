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
    names of files, never a secret. ``options`` are those of ``vddkctl drift``, ``writes`` the folders written to.

    ``notify``: a webhook is told; its address comes from the variable VDDKCTL_NOTIFY_URL, which on a machine is in the
    file ``secrets``.
    """

    site: str
    name: str
    times: Times
    spec: Path
    program: tuple[str, ...] = ("vddkctl",)
    environment: Mapping[str, str] = {}
    options: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    heal: bool = False
    writes: tuple[Path, ...] = ()
    notify: bool = False
    secrets: Path | None = None
    user: str | None = None
    image: str | None = None
    claim: str | None = None

    def words(self, spec: str, reports: tuple[str, ...] | None = None) -> list[str]:
        """``drift -f SPEC --quiet`` and what else was asked for."""
        files = self.reports if reports is None else reports
        return [
            "drift",
            "-f",
            spec,
            "--quiet",
            *self.options,
            *(w for each in files for w in ("--report", each)),
        ]


class Piece(Struct, frozen=True):
    """A file. ``how`` becomes a comment at its head: where it goes, and what sets it going.

    One that is ``secret`` is not for the screen.
    """

    file: str
    how: tuple[str, ...]
    text: str
    secret: bool = False

    @property
    def whole(self) -> str:
        """The file's content."""
        return "".join(f"# {line}\n" if line else "#\n" for line in self.how) + self.text
