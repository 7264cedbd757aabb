from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Vddkctl
from tests.support.sites import SiteOnDisk
from tests.support.terminal import at_terminal

VDDKCTL = f"{sys.executable} -m vddkctl"


def shell(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in which ``vddkctl`` is the command."""
    return subprocess.run(
        ["bash", "-c", f'vddkctl() {{ {VDDKCTL} "$@"; }}; {script}'],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["plan", "plan --output json", "schema", "--help"])
def test_a_reader_that_leaves_is_no_reason_to_complain(site: SiteOnDisk, command: str) -> None:
    done = shell(f"vddkctl {command} | true", site.root)
    assert done.stderr == b""


def test_a_full_disk_behind_standard_output_is_told(site: SiteOnDisk) -> None:
    done = shell("vddkctl plan > /dev/full", site.root)
    assert done.returncode == 1
    assert done.stderr == b"Error: standard output cannot be written: No space left on device\n"


def test_streams_that_are_closed_take_nothing(site: SiteOnDisk) -> None:
    done = shell("vddkctl plan --detailed-exitcode >&- ; echo $?", site.root)
    assert (done.stdout, done.stderr) == (b"2\n", b"")
    assert shell("vddkctl plan -f missing.yaml 2>&-", site.root).returncode == 1
    assert shell("vddkctl apply <&- 2>/dev/null", site.root).returncode == 64
    assert shell("vddkctl apply --auto-approve -v <&- >&- 2>&-", site.root).returncode == 0
    assert site.plan().changes == ()


def test_standard_error_that_nobody_reads_does_not_stop_an_apply(site: SiteOnDisk) -> None:
    done = shell("set -o pipefail; { vddkctl apply --auto-approve -v >/dev/null; } 2>&1 | true", site.root)
    assert done.returncode == 0
    assert site.plan().changes == ()


def test_an_alphabet_that_is_too_small_is_made_do(site: SiteOnDisk) -> None:
    done = shell("vddkctl apply --auto-approve", site.root, PYTHONIOENCODING="iso-8859-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2713 image.vddk-8  created" in done.stdout
    done = shell("vddkctl explain --output json", site.root, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)


def test_colour_is_for_terminals(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    plain = vddkctl("plan", cwd=site.root).out
    assert "\x1b" not in plain
    assert "\x1b[32m+\x1b[0m \x1b[1mimage.vddk-8\x1b[0m" in at_terminal("plan", cwd=site.root).out
    assert at_terminal("plan", cwd=site.root, env={"NO_COLOR": "1"}).out == plain
    assert at_terminal("plan", cwd=site.root, env={"TERM": "dumb"}).out == plain


def test_saying_more_goes_to_standard_error(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    chatty, quiet = (vddkctl("plan", *words, cwd=site.root) for words in (("-v",), ()))
    assert chatty.out == quiet.out
    assert chatty.err == "read seven.tar.gz …\nread eight.tar.gz …\n"
    assert quiet.err == ""
