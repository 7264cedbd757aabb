from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vddkctl.cli import ending
from vddkctl.cli.ending import exit_code
from vddkctl.errors import Interrupted, StalePlanError, UsageError, VddkctlError


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, action in zip(numbers, before, strict=True):
        signal.signal(number, action)


def raising(error: BaseException) -> int:
    def run() -> None:
        raise error

    return exit_code(run)


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (2, 2), (3, 3), (4, 4), (130, 130)])
def test_the_code_of_a_command_is_that_of_the_run(given: int | None, code: int) -> None:
    assert exit_code(lambda: given) == code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            VddkctlError("no such file", where="a.yaml", hint="look"),
            1,
            "Error: a.yaml: no such file\n  look\n",
        ),
        (UsageError("what?"), 64, "Error: what?\n"),
        (StalePlanError("stale:", moved=(("a", "b"),)), 1, "Error: stale:\n  a: b\n"),
        (Interrupted("interrupted"), 130, "Interrupted.\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (
            ValueError("who knows"),
            1,
            "Error: this is a mistake in vddkctl: ValueError: who knows\n  Run it again with -vv for details.\n",
        ),
    ],
)
def test_an_error_becomes_a_message_and_a_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["vddkctl", "plan", "-v"])
    assert raising(error) == code
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize(
    "words", [["-vv"], ["-v", "-v"], ["--verbose", "--verbose"], ["-v", "--verbose"], ["-vvv"]]
)
def test_twice_verbose_shows_where_a_mistake_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vddkctl", "plan", *words])
    assert raising(ValueError("who knows")) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.endswith("Error: this is a mistake in vddkctl: ValueError: who knows\n")


def test_a_signal_that_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    exit_code(lambda: 0)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_waits_for_the_spec(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITING],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"Interrupted.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_python_loses_comes_again(number: signal.Signals) -> None:
    """It comes while an object is cleaned up: what is raised there is dropped."""
    process = subprocess.Popen(
        [sys.executable, "-c", _LOSING],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"cleaning up\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"cleaned up\n", b"Interrupted.\n")


def test_a_second_one_while_the_first_is_seen_to_changes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``timeout`` sends each signal twice."""
    sent, times = ending._sent_soon, []

    def interrupted() -> threading.Timer:
        times.append(1)
        if len(times) == 1:
            raise KeyboardInterrupt
        return sent()

    monkeypatch.setattr(ending, "_sent_soon", interrupted)

    def run() -> None:
        _lose()
        time.sleep(60)

    assert exit_code(run) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_one_that_was_lost_at_the_very_end_does_not_come_after_it() -> None:
    def run() -> int:
        _lose()
        return 3

    assert exit_code(run) == 3
    time.sleep(0.2)


class _Careless:
    def __del__(self) -> None:
        raise KeyboardInterrupt


def _lose() -> None:
    _Careless()


def test_other_errors_that_python_drops_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: told.append(what.exc_type))

    class Careless:
        def __del__(self) -> None:
            raise ValueError("who knows")

    def run() -> None:
        Careless()

    assert exit_code(run) == 0
    assert told == [ValueError]


_LOSING = """
import os, sys, time
from vddkctl.cli.ending import exit_code
class Careless:
    def __del__(self):
        try:
            print("cleaning up", flush=True)
            time.sleep(60)
        finally:
            os.write(1, b"cleaned up\\n")
def run():
    Careless()
    time.sleep(60)
sys.exit(exit_code(run))
"""
_WAITING = """
import sys
import vddkctl.cli.session as session
read = session.read_spec
def reading(file):
    print("waiting", flush=True)
    return read(file)
session.read_spec = reading
sys.argv = ["vddkctl", "plan", "-f", "-"]
from vddkctl.__main__ import main
main()
"""
