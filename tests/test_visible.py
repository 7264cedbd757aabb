"""Text that others wrote, for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import ManifestError, StalePlanError
from vddkctl.visible import shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quay.io/\x1b[2Jold:8", r"quay.io/\x1b[2Jold:8"),
        ("a\rb\x7f\x9b2J", r"a\rb\x7f\x9b2J"),
        ("a\u202eb\u2066c\u2028d", r"a\u202eb\u2066c\u2028d"),
        ("a\udcffb", r"a\udcffb"),
        ("Zürich 😀 \\", "Zürich 😀 \\"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, expected: str) -> None:
    assert shown(text) == shown(text, lines=True) == expected


def test_line_breaks_stay_only_where_they_are_meant() -> None:
    assert shown("a\r\nb") == r"a\r\nb"
    assert shown("a\r\nb", lines=True) == "a\\r\nb"


@given(st.text(), st.booleans())
def test_nothing_is_left_that_is_no_character_on_a_line(text: str, lines: bool) -> None:
    result = shown(text, lines=lines)
    assert not [c for c in result.replace("\n", "") if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert shown(result, lines=lines) == result
    result.encode()


@pytest.mark.parametrize(
    "error",
    [
        ManifestError("no \x1b[2J", where="a\x1b[2J.yaml:1", hint="try \x1b[2J"),
        StalePlanError("it moved", moved=(("provider.a/b", "was \x1b[2J"),)),
    ],
)
def test_an_error_cannot_steer_a_terminal(error: Exception) -> None:
    assert "\x1b" not in str(error)
    assert r"\x1b[2J" in str(error)
    assert "\n" in str(error)
