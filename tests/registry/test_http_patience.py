"""How long the client waits."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.registry.http.patience import Patience, seconds_asked


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-1", None),
        ("soon", None),
        ("²", None),
        ("1.5", None),
    ],
)
def test_a_wait_that_is_asked_for(text: str | None, seconds: float | None) -> None:
    assert seconds_asked(text) == seconds


def test_a_wait_until_a_date() -> None:
    in_a_minute = seconds_asked(formatdate(time.time() + 60, usegmt=True))
    assert in_a_minute is not None
    assert 50 < in_a_minute <= 60
    assert seconds_asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@given(
    st.text()
    | st.integers().map(str)
    | st.floats().map(str)
    | st.integers(0, 200_000_000_000).map(formatdate)
)
def test_no_wait_is_too_strange(text: str) -> None:
    seconds = seconds_asked(text)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 9), st.floats(0.001, 10), st.integers(1, 12))
def test_waits_double_and_end(attempts: int, first: float, attempt: int) -> None:
    delay = Patience(attempts, first).delay(attempt)
    if attempt >= attempts:
        assert delay is None
    else:
        assert delay is not None
        assert 0.75 <= delay / (first * 2 ** (attempt - 1)) <= 1.25


def test_a_registry_may_ask_for_so_much_and_no_more() -> None:
    patience = Patience(most=100)
    assert patience.delay(1, "100") == 100
    assert patience.delay(1, "101") is None
    assert patience.delay(1, "9" * 400) is None
    assert patience.delay(5, "1") is None  # it was the last attempt
