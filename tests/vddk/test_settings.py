"""Buffers, truths and precedence."""

from __future__ import annotations

import pytest

from vddkctl.vddk.boolean import parse_bool
from vddkctl.vddk.buffers import PRESETS, Buffers
from vddkctl.vddk.precedence import chain, effective

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("preset", "memory", "over_limit"),
    [
        ("small", 16 * MIB, False),
        ("medium", 64 * MIB, True),
        ("large", 256 * MIB, True),
        ("xlarge", 1024 * MIB, True),
    ],
)
def test_presets_take_the_memory_of_the_guide(preset: str, memory: int, over_limit: bool) -> None:
    assert (PRESETS[preset].memory, PRESETS[preset].over_limit) == (memory, over_limit)


def test_the_limit_is_sixteen_mebibytes() -> None:
    assert not Buffers(256, 1).over_limit
    assert Buffers(257, 1).over_limit


@pytest.mark.parametrize(
    ("text", "truth"),
    [(t, True) for t in ("1", "t", "T", "TRUE", "true", "True")]
    + [(t, False) for t in ("0", "f", "F", "FALSE", "false", "False")]
    + [(t, None) for t in ("yes", "on", "tRUE", "", " true")],
)
def test_truth_is_read_as_go_does(text: str, truth: bool | None) -> None:
    assert parse_bool(text) is truth


@pytest.mark.parametrize(
    ("provider", "controller", "default", "winner"),
    [
        ("p", "c", "e", "p"),
        (None, "c", "e", "c"),
        ("", "c", None, "c"),
        ("p", None, None, "p"),
        (None, None, "e", None),
        (None, "", None, None),
    ],
)
def test_the_nearest_level_wins_and_the_environment_never_does(
    provider: str | None, controller: str | None, default: str | None, winner: str | None
) -> None:
    levels = chain((provider, "here"), (controller, "there"), default)
    assert effective(levels) == winner
    assert sum(level.wins for level in levels) == (winner is not None)
