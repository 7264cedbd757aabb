"""What ``vddkctl doctor`` finds, as tests look at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Found:
    """The checks of one run."""

    code: int
    checks: list[dict[str, str]]

    def status(self, name: str, group: str = "") -> str:
        """How the check of this name ended."""
        return self._one(name, group)["status"]

    def detail(self, name: str, group: str = "") -> str:
        return self._one(name, group)["detail"]

    def next(self, name: str, group: str = "") -> str:
        return self._one(name, group)["next"]

    def group(self, group: str) -> dict[str, str]:
        """Name → status."""
        return {check["name"]: check["status"] for check in self.checks if check["group"] == group}

    def _one(self, name: str, group: str) -> dict[str, str]:
        found = [c for c in self.checks if c["name"] == name and group in ("", c["group"])]
        assert len(found) == 1, (name, self.checks)
        return found[0]


def found_by(code: int, out: str) -> Found:
    """Of what was written with ``--output json``; checks that its parts fit together."""
    data: dict[str, Any] = json.loads(out)
    checks: list[dict[str, str]] = data["checks"]
    for status, count in data["summary"].items():
        assert count == sum(check["status"] == status for check in checks)
    assert code == (1 if data["summary"]["fail"] else 0)
    for check in checks:
        assert bool(check["next"]) == (check["status"] in ("warn", "fail")), check
    return Found(code, checks)
