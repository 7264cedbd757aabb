"""When jobs run: cron's fields, and systemd's calendar of the same times."""

from __future__ import annotations

import subprocess

import pytest

from vddkctl.errors import UsageError
from vddkctl.schedule.job import LONGEST, default_name
from vddkctl.schedule.times import at, every


@pytest.mark.parametrize(
    ("text", "runs"), [("1m", 1440), ("15m", 96), ("30m", 48), ("1h", 24), ("6h", 4), ("12h", 2), ("1d", 1)]
)
def test_every_so_often_is_that_many_runs_a_day(text: str, runs: int) -> None:
    times = every(text, "frankfurt")
    assert len(times.numbers[0]) * len(times.numbers[1]) == runs
    assert times.gap == 1440 // runs


def test_sites_are_spread_and_each_keeps_its_minute() -> None:
    firsts = {every("1h", f"site-{number}").numbers[0] for number in range(40)}
    assert len(firsts) > 20
    assert every("1h", "frankfurt") == every("1h", "frankfurt")


@pytest.mark.parametrize("text", ["7m", "60m", "24h", "5h", "2d", "0m", "m", "-5m", "1.5h", "1w", ""])
def test_what_does_not_go_evenly_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--every"):
        every(text, "frankfurt")


@pytest.mark.parametrize(
    "text", ["* *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "*/0 * * * *", "5-1 * * * *",
             "@daily", "a * * * *", "1,,2 * * * *", "* * * * * *"]
)  # fmt: skip
def test_what_cron_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--cron"):
        at(text)


@pytest.mark.parametrize(
    "text",
    ["* * * * *", "*/15 6-22 * * 1-5", "1,2-4/2 * 1 * *", "0 0 29 2 *", "30 4 1,15 * *", "5/20 * * * *"],
)
def test_systemd_takes_the_calendar(text: str) -> None:
    subprocess.run(["systemd-analyze", "calendar", at(text).calendar()], check=True, capture_output=True)


def test_weekdays_have_names_in_the_calendar() -> None:
    assert at("*/15 6-7 * * 1-5").calendar() == "Mon,Tue,Wed,Thu,Fri *-*-* 06,07:00,15,30,45:00"


def test_a_day_and_a_weekday_mean_another_thing_to_systemd() -> None:
    with pytest.raises(UsageError, match="systemd on both"):
        at("0 0 1 * 1").calendar()


def test_long_names_fit_and_differ() -> None:
    one, other = default_name("a" * 62 + "1"), default_name("a" * 62 + "2")
    assert one != other
    assert len(one) == len(other) <= LONGEST
