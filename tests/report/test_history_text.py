"""Runs, as people read them."""

from __future__ import annotations

import pytest

from vddkctl.plan.record import BEGUN, Changed, Record, Run
from vddkctl.report.history_text import history_text, run_text

NOW = "2026-11-20T10:00:00Z"
PROD = "provider.openshift-mtv/prod"


def run(number: int, **more: object) -> Run:
    known = {"changes": {PROD: "done"}, "result": "done", "number": number, **more}
    return Run(NOW, "me@here", "vddkctl 0.1.0", "sha256:" + "1" * 64, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({}, "apply  me@here  vddkctl 0.1.0  spec sha256:11111111…  1 done"),
        ({"kind": "rollback", "back_to": 3}, "rollback to 3  me@here"),
        ({"kind": "heal"}, "heal  me@here"),
        ({"result": BEGUN, "changes": {PROD: BEGUN}}, "began 1 change, and did not end: it was killed"),
        ({"result": "interrupted", "changes": {PROD: "skipped"}}, "interrupted: 1 not tried"),
        ({"changes": {PROD: "failed", "a": "satisfied"}}, "1 failed, 1 was already so"),
        ({"changes": {}, "earlier": {PROD: None}}, "0 changes; 1 address newly recorded"),
    ],
)
def test_a_line_says_what_a_run_was_and_came_to(known: dict[str, object], says: str) -> None:
    assert says in history_text(Record("s", {}, runs=(run(1, **known),)), NOW)


def test_kinds_stand_in_one_column() -> None:
    text = history_text(Record("s", {}, runs=(run(1), run(2, kind="rollback", back_to=1))), NOW)
    assert len({line.index("me@here") for line in text.splitlines()}) == 1


def test_whom_a_field_was_taken_from_is_told() -> None:
    details = {
        PROD: {
            "spec.settings.useVddkAioOptimization": Changed("false", "true", "kubectl-edit"),
            "spec.settings.vddkInitImage": Changed(None, "i:1"),
        }
    }
    text = run_text(run(1, details=details))
    assert "      useVddkAioOptimization   false → true   taken from kubectl-edit\n" in text
    assert text.endswith("      vddkInitImage   (not set) → i:1\n")


def test_what_a_hostile_record_says_cannot_steer_a_terminal() -> None:
    details = {PROD: {"spec.settings.x\x1b[2J": Changed("a\x1b[31m", "b", "c\x1b[3m")}}
    assert "\x1b" not in run_text(run(1, details=details, actions={PROD: "update \x1b[1m"}, kind="\x1b[5m"))
