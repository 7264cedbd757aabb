"""What the doctor found, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from vddkctl.doctor.check import Finding, Status
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, short
from vddkctl.visible import shown

_COLOURS = {Status.PASS: "green", Status.WARN: "yellow", Status.FAIL: "red", Status.SKIP: "dim"}


def doctor_text(findings: Sequence[Finding], style: Style = PLAIN) -> str:
    """A block for each group, a line for each check, below it what to do, and a line that sums up."""
    lines: list[str] = []
    for group, members in groupby(findings, lambda finding: finding.group):
        lines += [style.paint("bold", group.value)]
        for finding in members:
            lines += _lines(finding, style)
        lines += [""]
    return "\n".join([*lines, style.paint("bold", _summary(findings))]) + "\n"


def doctor_json(findings: Sequence[Finding], site: str | None) -> dict[str, Any]:
    """The same as data; ``site`` is None without a spec."""
    return {
        "formatVersion": FORMAT_VERSION,
        "site": site,
        "checks": [
            {
                "group": finding.group.value,
                "name": finding.name,
                "status": finding.status.value,
                "detail": finding.detail,
                "next": finding.next,
            }
            for finding in findings
        ],
        "summary": {status.value: _count(findings, status) for status in Status},
    }


def _lines(finding: Finding, style: Style) -> Iterator[str]:
    status = style.paint(_COLOURS[finding.status], finding.status.value)
    yield f"  {status}  {shown(finding.name)}: {shown(short(finding.detail))}"
    if finding.next:
        yield f"        {shown(finding.next)}"


def _count(findings: Sequence[Finding], status: Status) -> int:
    return sum(finding.status is status for finding in findings)


def _summary(findings: Sequence[Finding]) -> str:
    failed, warned = _count(findings, Status.FAIL), _count(findings, Status.WARN)
    skipped = _count(findings, Status.SKIP)
    made = plural(len(findings) - skipped, "check")
    rest = f", {plural(warned, 'warning')}" if warned else ""
    left_out = f"; {skipped} skipped" if skipped else ""
    return f"{made}: {failed} failed{rest}{left_out}."
