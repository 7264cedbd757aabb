"""Progress: a line that moves on a terminal, plain lines elsewhere, silence when it is quick."""

from __future__ import annotations

import io

import pytest

from vddkctl.report import progress
from vddkctl.report.progress import Lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_QUIET", "_TERMINAL_STEP", "_PLAIN_STEP"):
        monkeypatch.setattr(progress, name, 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_terminal_has_one_line_that_is_gone_at_the_end() -> None:
    stream = Terminal()
    with Lines(stream).task("read a.tar.gz", 40_000_000) as task:
        task.advance(10_000_000)
        task.advance(30_000_000)
    assert stream.getvalue() == (
        "\r\x1b[Kread a.tar.gz: 10.0 MB of 40.0 MB, 25 %"
        "\r\x1b[Kread a.tar.gz: 40.0 MB of 40.0 MB, 100 %"
        "\r\x1b[K"
    )


@pytest.mark.usefixtures("at_once")
def test_elsewhere_each_sign_of_life_is_a_line() -> None:
    stream = io.StringIO()
    with Lines(stream).task("write providers", 1000, "objects") as task:
        task.advance(500)
    assert stream.getvalue() == "write providers: 500 of 1000 objects\n"


def test_what_is_quick_says_nothing() -> None:
    for stream in (io.StringIO(), Terminal()):
        with Lines(stream).task("read", 10) as task:
            task.advance(10)
        assert stream.getvalue() == ""
