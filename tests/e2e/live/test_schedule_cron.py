"""A real line of a crontab, run by a real cron daemon, by the clock: this takes some three minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.apiservers import MINIMAL, serve
from tests.support.crond import Cron, cron
from tests.support.hooks import hook
from tests.support.live_sites import LiveSite, make_live_site

_PATIENCE = 100.0
"""Seconds: cron acts once a minute."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LiveSite]:
    with serve(tmp_path / "apiserver", MINIMAL) as server:
        (tmp_path / "site").mkdir()
        made = make_live_site(server, server.namespace(), tmp_path / "site")
        yield replace(made, environment={"KUBECONFIG": str(server.kubeconfig())})


def program(folder: Path) -> tuple[Path, Path]:
    """vddkctl as a command that writes down how each run has ended."""
    import sys

    command, ended = folder / "vddkctl", folder / "ended"
    ended.write_text("")
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} {sys.executable} -m vddkctl "$@"\ncode=$?\necho $code >>{ended}\nexit $code\n'
    )
    command.chmod(0o755)
    return command, ended


def wait(daemon: Cron, ended: Path, *codes: int) -> None:
    end = time.monotonic() + _PATIENCE
    while (found := [int(line) for line in ended.read_text().splitlines()]) != list(codes):
        assert daemon.ended is None, daemon.ended
        assert time.monotonic() < end, f"runs ended with {found}, and should with {list(codes)}"
        assert found == list(codes)[: len(found)], found
        time.sleep(0.2)


@pytest.mark.minutes
def test_silent_then_one_mail_for_another_hand_then_silent_again(site: LiveSite, tmp_path: Path) -> None:
    assert site.apply().code == 0
    command, ended = program(tmp_path)
    with hook() as hooked:
        env_file = tmp_path / "webhook.env"
        env_file.write_text(f"VDDKCTL_NOTIFY_URL='{hooked.url}?t0ken'\nXDG_STATE_HOME='{tmp_path}/state'\n")
        env_file.chmod(0o600)
        files = ("--program", str(command), "--env-file", str(env_file), "--report", "drift.prom")
        line = site.run("schedule", "crontab", "--every", "1m", *files)
        assert line.code == 0, line.err
        with cron(tmp_path / "cron", line.out) as daemon:
            wait(daemon, ended, 0)
            change = '{"spec": {"settings": {"useVddkAioOptimization": "false"}}}'
            patch = ("patch", "provider.forklift.konveyor.io", "prod", "--type=merge", "-p", change)
            everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
            site.server.grant("alice", everything, site.namespace)
            site.server.kubectl("-n", site.namespace, *patch, "--field-manager=alice", user="alice")
            wait(daemon, ended, 0, 3)
            assert 'site="' in (site.root / "drift.prom").read_text()
            healed = site.run("drift", "--heal", "--take", "*")
            assert healed.code == 0, healed.err
            wait(daemon, ended, 0, 3, 0)
            [mail] = daemon.mails
        assert "To: root" in mail
        assert f"provider.{site.namespace}/prod" in mail
        assert "by alice on 20" in mail
        assert "should be  true" in mail
        assert "t0ken" not in mail
        assert [each.data["summary"]["drift"] for each in hooked.received] == [1, 0]
