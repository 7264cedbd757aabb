"""How much of the history is kept."""

from __future__ import annotations

from vddkctl.plan.history import MOST, bounded, numbered
from vddkctl.plan.record import Changed, Run


def run(number: int, size: int = 0) -> Run:
    details = {"provider.n/p": {"spec.x": Changed("a" * size, "b")}}
    return Run("2026-01-01T00:00:00Z", "me", "t", "sha256:x", {"provider.n/p": "done"}, number, details)


def test_runs_of_older_versions_get_numbers_and_keep_them() -> None:
    assert [each.number for each in numbered([run(0), run(0)])] == [1, 2]
    assert [each.number for each in numbered([run(0), run(8), run(9)])] == [7, 8, 9]


def test_the_oldest_details_go_first_and_lines_stay() -> None:
    kept = bounded([run(number, MOST // 3) for number in range(1, 6)])
    assert [each.number for each in kept] == [1, 2, 3, 4, 5]
    assert [each.details is not None for each in kept] == [False, False, False, True, True]


def test_details_that_are_too_much_by_themselves_are_not_kept() -> None:
    assert bounded([run(1), run(2, MOST + 1)])[1].details is None
