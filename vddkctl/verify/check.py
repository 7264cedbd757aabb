"""What a verification comes to: one check after another, each with its outcome."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """How a check ended. A warning is something that may be right, but is not proven or not usual."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"


class Check(Struct, frozen=True):
    """One line. ``check`` is its name for programs, ``subject`` the platform, the digest or the file it is about.

    ``message`` is one sentence without a final full stop; ``hint`` says what to do next, and is empty where all is
    well.
    """

    check: str
    status: Status
    subject: str
    message: str
    hint: str = ""


class Verification(Struct, frozen=True):
    """What was found out about one image. ``platforms`` are those of the images behind it, ``versions`` of VDDK."""

    digest: str
    platforms: tuple[str, ...]
    versions: tuple[str, ...]
    checks: tuple[Check, ...]

    def count(self, status: Status) -> int:
        """How many checks ended so."""
        return sum(check.status is status for check in self.checks)

    @property
    def unproven(self) -> bool:
        """Whether an image is among these of which nothing shows that it holds the vendor's archive."""
        return any(check.check == "archive" and check.status is Status.WARN for check in self.checks)

    @property
    def holds(self) -> bool:
        """Whether nothing failed, and the archive is proven."""
        return not self.count(Status.FAIL) and not self.unproven


def passed(check: str, subject: str, message: str) -> Check:
    """All is well."""
    return Check(check, Status.PASS, subject, message)


def warned(check: str, subject: str, message: str, hint: str) -> Check:
    """Not proven, or not usual."""
    return Check(check, Status.WARN, subject, message, hint)


def failed(check: str, subject: str, message: str, hint: str) -> Check:
    """Wrong."""
    return Check(check, Status.FAIL, subject, message, hint)
