"""Lines and columns are those of editors."""

from __future__ import annotations

import pytest

from vddkctl.yamltext.lines import Lines


@pytest.mark.parametrize(
    ("text", "index", "place"),
    [
        ("", 0, (1, 1)),
        ("ab", 2, (1, 3)),
        ("a\nb", 1, (1, 2)),
        ("a\nb", 2, (2, 1)),
        ("a\r\nb", 3, (2, 1)),
        ("a\rb", 2, (2, 1)),
        ("a\n\n", 3, (3, 1)),
        ("😀\u2028\x85b", 3, (1, 4)),
    ],
)
def test_the_place_of_a_character(text: str, index: int, place: tuple[int, int]) -> None:
    assert Lines(text).place(index) == place
