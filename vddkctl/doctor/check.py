"""What a check comes to: one line, and what to do next."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from vddkctl.errors import VddkctlError


class Status(StrEnum):
    """How a check ended. ``skip``: it could not be made, or there was no reason to."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Group(StrEnum):
    """What a check is about, in the order in which it is told."""

    SPEC = "spec"
    ENGINES = "engines"
    DISK = "disk"
    ARCHIVE = "archive"
    REFERENCES = "references"
    PORTS = "ports"
    REGISTRY = "registry"
    BASE = "base"
    CLUSTER = "cluster"
    RIGHTS = "rights"
    PULL = "pull"


class Finding(Struct, frozen=True):
    """One line. ``detail`` is a sentence without a final full stop; ``next`` is empty where nothing is to be done."""

    group: Group
    name: str
    status: Status
    detail: str
    next: str = ""


def passed(group: Group, name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(group, name, Status.PASS, detail)


def warned(group: Group, name: str, detail: str, then: str) -> Finding:
    """It works, or may work, but not all of it, or not safely."""
    return Finding(group, name, Status.WARN, detail, then)


def failed(group: Group, name: str, detail: str, then: str) -> Finding:
    """Something that is wanted will not work."""
    return Finding(group, name, Status.FAIL, detail, then)


def skipped(group: Group, name: str, why: str) -> Finding:
    """Not looked at."""
    return Finding(group, name, Status.SKIP, why)


def found_wrong(
    group: Group, name: str, error: VddkctlError, then: str = "", status: Status = Status.FAIL
) -> Finding:
    """What an error says; ``then`` is what to do where the error does not say it."""
    what = f"{error.where}: {error.what}" if error.where and error.where not in name else error.what
    return Finding(group, name, status, " ".join(what.split()), "; ".join((error.hint or then).split("\n  ")))
