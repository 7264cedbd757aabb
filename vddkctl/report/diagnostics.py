"""Mistakes in a spec, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.site.diagnostic import Diagnostic


def diagnostics_json(file: str, diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Every mistake with its place; ``valid`` when there is none."""
    return {
        "formatVersion": FORMAT_VERSION,
        "file": file,
        "valid": not diagnostics,
        "diagnostics": [
            {
                "line": d.position.line,
                "column": d.position.column,
                "path": list(d.path),
                "message": d.message,
                "suggestion": d.suggestion,
            }
            for d in diagnostics
        ],
    }
