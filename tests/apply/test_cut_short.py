"""An apply that is stopped at any of its file operations: the next one finishes, and nobody else is blamed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.sites import ALL, SiteOnDisk

KILLED_EVERY, INTERRUPTED_EVERY = 13, 40
"""In file operations, of which an apply has more than a hundred. Set to 1, these tests try every one."""


def runs(
    template: SiteOnDisk, folder: Path, number: signal.Signals, first: int, stride: int
) -> Iterator[tuple[SiteOnDisk, int]]:
    """Each site as a stopped run left it, with the run's exit code."""
    words = ["tests.support.cut_short", template.root, folder, number.value, first, stride]
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for line in done.stdout.splitlines():
        at, code = map(int, line.split())
        yield SiteOnDisk(folder / str(at)), code


def check_that_the_next_run_finishes(site: SiteOnDisk) -> None:
    drift = site.drift()
    assert drift.changed == (), site.root
    assert site.apply().exit_code == 0
    assert site.plan().changes == ()
    assert site.record["intended"] == {}
    assert set(site.record["applied"]) == set(ALL)


@pytest.mark.parametrize("second", [False, True], ids=["the first apply", "a later one"])
def test_a_killed_apply_is_finished_by_the_next_and_is_not_taken_for_drift(
    site: SiteOnDisk, tmp_path: Path, second: bool
) -> None:
    if second:
        assert site.apply().exit_code == 0
        for old, new in (
            ("vddkImage: vddk-8", "vddkImage: vddk-7"),
            ("prod: {aio: true, buffers: small}", "prod: {aio: false, vddkImage: vddk-7}"),
            ("test: {vddkImage: vddk-7}", "test: {vddkImage: inherit}"),
            ('"edge-*": {aio: true}', '"edge-*": {aio: false}'),
        ):
            site.change("site.yaml", old, new)
    codes = []
    for left, code in runs(site, tmp_path / "runs", signal.SIGKILL, 2, KILLED_EVERY):
        codes.append(code)
        check_that_the_next_run_finishes(left)
        assert [name for name in left.leftovers() if name.startswith("images/")] == []
    assert codes[-1] == 0
    assert set(codes[:-1]) == {-9}
    assert len(codes) > 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_apply_records_what_was_done_and_leaves_no_half_files(
    site: SiteOnDisk, tmp_path: Path, number: signal.Signals
) -> None:
    codes = []
    for left, code in runs(site, tmp_path / "runs", number, number.value, INTERRUPTED_EVERY):
        codes.append(code)
        assert left.leftovers() == []
        said = (left.root / "err").read_text() + (left.root / "out").read_text()
        assert "Traceback" not in said
        assert "mistake" not in said
        if code:
            assert code == 130
            assert "nterrupted" in said
        check_that_the_next_run_finishes(left)
    assert codes[-1] == 0
    assert len(codes) > 3
