"""What plain text in YAML means."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.site.yaml_scalars import plain_value, tagged_value

MEANINGS = [
    ("", None),
    ("~", None),
    ("Null", None),
    ("nULL", "nULL"),
    ("true", True),
    ("FALSE", False),
    ("yes", "yes"),
    ("on", "on"),
    ("0", 0),
    ("-12", -12),
    ("+5", 5),
    ("007", 7),
    ("0o17", 15),
    ("0x1F", 31),
    ("0b1", "0b1"),
    ("1_000", "1_000"),
    ("8.0", 8.0),
    ("8.0.1", "8.0.1"),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e3", 1000.0),
    (".", "."),
    (".inf", math.inf),
    ("-.INF", -math.inf),
    ("inf", "inf"),
    ("2026-11-20", "2026-11-20"),
    ("12:30", "12:30"),
    ("9" * 5000, math.inf),
]


@pytest.mark.parametrize(("text", "value"), MEANINGS)
def test_plain_text(text: str, value: object) -> None:
    found = plain_value(text)
    assert (type(found), found) == (type(value), value)


def test_not_a_number() -> None:
    assert math.isnan(plain_value(".nan"))  # type: ignore[arg-type]


@given(st.one_of(st.text(), st.text("0123456789.eExo+-_nNiIfFaA~")))
def test_any_text_means_something(text: str) -> None:
    value = plain_value(text)
    assert isinstance(value, str | int | float | None)
    assert value == text or not isinstance(value, str)


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("5", "!", (True, "5")),
        ("5", "tag:yaml.org,2002:str", (True, "5")),
        ("5", "tag:yaml.org,2002:int", (True, 5)),
        ("5", "tag:yaml.org,2002:bool", (False, 5)),
        ("x", "!vault", (False, "x")),
    ],
)
def test_tagged_text(text: str, tag: str, expected: tuple[bool, object]) -> None:
    assert tagged_value(text, tag) == expected
