"""What is told of a run that did not come to its end."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vddkctl.errors import Interrupted, VddkctlError

if TYPE_CHECKING:
    from vddkctl.report.files.outcome import Kind, Outcome

_LABEL = re.compile(r'^vddkctl_last_run_success\{site="([A-Za-z0-9][A-Za-z0-9.-]*)",', re.MULTILINE)
_MOST = 1 << 20
"""Bytes of an old report that are looked through."""


def failed(kind: Kind, site: str, error: VddkctlError) -> Outcome:
    """The outcome of such a run: why, and nothing else."""
    from vddkctl.apply.identity import now
    from vddkctl.plan.make import TOOL
    from vddkctl.plan.model import FORMAT_VERSION
    from vddkctl.report.files.outcome import Outcome

    data = {"formatVersion": FORMAT_VERSION, "tool": TOOL, "site": site or None, "error": _said(error)}
    headline = f"The {kind} {'was interrupted' if isinstance(error, Interrupted) else 'failed'}."
    return Outcome(
        kind, site, "", now(), int(time.time()), TOOL, headline, (), (), (), data, error=str(error)
    )  # fmt: skip


def site_of(error: VddkctlError, files: Sequence[Path]) -> str:
    """The site's name, where its spec could not be read: by the looks of it, else as the last metrics have it.

    Metrics under another name would be other series, and those of the site would be gone when they matter.
    """
    from vddkctl.site.diagnostic import SpecError

    if isinstance(error, SpecError) and error.site:
        return error.site
    found = (name for file in files if file.suffix == ".prom" for name in _LABEL.findall(_text(file)))
    return next(found, "")


def _said(error: VddkctlError) -> dict[str, Any]:
    from vddkctl.report.diagnostics import diagnostics_json
    from vddkctl.site.diagnostic import SpecError

    said: dict[str, Any] = {
        "message": error.what,
        "where": error.where or None,
        "hint": error.hint or None,
    }
    if isinstance(error, SpecError) and error.diagnostics:
        whole = diagnostics_json(error.diagnostics[0].file, error.diagnostics)
        return {**said, "where": whole["file"], "diagnostics": whole["diagnostics"]}
    return said


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as handle:
            return handle.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return ""
