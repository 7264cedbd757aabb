"""SARIF 2.1.0 (OASIS): mistakes of a spec, as code scanning shows them on a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from vddkctl import __version__
from vddkctl.site.diagnostic import Diagnostic

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULE = "spec-mistake"


def sarif(file: str, diagnostics: Sequence[Diagnostic], failure: str = "") -> dict[str, Any]:
    """The log of one run over one file. ``failure``: why it could not be looked at at all."""
    rule = {
        "id": _RULE,
        "shortDescription": {"text": "A mistake in the spec"},
        "help": {"text": "vddkctl validate says the same at a terminal; vddkctl schema site is for editors."},
        "defaultConfiguration": {"level": "error"},
    }
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "vddkctl", "version": __version__, "rules": [rule]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not failure}],
        "results": [_result(file, diagnostic) for diagnostic in diagnostics],
    }
    if failure:
        told = {"level": "error", "message": {"text": failure}}
        run["invocations"][0]["toolExecutionNotifications"] = [told]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(file: str, diagnostic: Diagnostic) -> dict[str, Any]:
    position = diagnostic.position
    meant = f'; did you mean "{diagnostic.suggestion}"?' if diagnostic.suggestion else ""
    return {
        "ruleId": _RULE,
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": diagnostic.message + meant},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(file)},
                    "region": {"startLine": position.line, "startColumn": position.column},
                }
            }
        ],
    }


def _uri(file: str) -> str:
    """A relative path as it is, so that it is found in a checkout; an absolute one as a ``file:`` URL."""
    path = PurePath(file)
    name = quote(path.as_posix().encode(errors="surrogateescape"))
    return f"file://{name}" if path.is_absolute() else name
