"""What a verification came to, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, short
from vddkctl.verify.check import Check, Status, Verification
from vddkctl.visible import shown

_MARKS = {Status.PASS: ("green", "✓"), Status.WARN: ("yellow", "!"), Status.FAIL: ("red", "✗")}


def verify_text(verification: Verification, name: str, style: Style = PLAIN) -> str:
    """One line for each check, what to do about it where something is, and a line that sums up."""
    lines = [style.paint("bold", shown(name)), f"  {verification.digest}"]
    if verification.platforms:
        lines[1] += f", {shown(', '.join(verification.platforms))}"
    lines.append("")
    for check in verification.checks:
        lines += _lines(check, verification, style)
    return "\n".join([*lines, "", style.paint("bold", _summary(verification))]) + "\n"


def verify_json(verification: Verification, name: str) -> dict[str, Any]:
    """The same as data."""
    return {
        "formatVersion": FORMAT_VERSION,
        "reference": name,
        "digest": verification.digest,
        "platforms": list(verification.platforms),
        "versions": list(verification.versions),
        "checks": [
            {
                "check": check.check,
                "status": check.status.value,
                "subject": check.subject,
                "message": check.message,
                "hint": check.hint,
            }
            for check in verification.checks
        ],
        "summary": {status.value: verification.count(status) for status in Status},
        "verified": verification.holds,
    }


def _lines(check: Check, verification: Verification, style: Style) -> Iterator[str]:
    colour, mark = _MARKS[check.status]
    known = (check.subject,) == verification.platforms  # the only one there is
    about = f"{shown(short(check.subject))}  " if check.subject and not known else ""
    yield f"  {style.paint(colour, mark)} {check.check:<12} {about}{shown(short(check.message))}"
    if check.status is not Status.PASS and check.hint:
        yield f"      {shown(check.hint)}"


def _summary(verification: Verification) -> str:
    checks = plural(len(verification.checks), "check")
    failed, warned = verification.count(Status.FAIL), verification.count(Status.WARN)
    warnings = f", {plural(warned, 'warning')}" if warned else ""
    if failed:
        return f"{failed} of {checks} failed{warnings}."
    if verification.unproven:
        return (
            f"Nothing failed in {checks}, but it is not proven that this is the vendor's archive{warnings}."
        )
    versions = ", ".join(verification.versions)
    platforms = ", ".join(verification.platforms)
    return f"Verified: VDDK {versions} for {platforms}, {checks}{warnings}."
