"""Two applies at once: a Lease keeps them apart, and goes with its holder. No clock of another machine is believed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen

import pytest

from tests.support.live_sites import IMAGE, MERGE, OTHER, LiveSite

LEASES = "/apis/coordination.k8s.io/v1"
HOLDER = "ci@runner since 2026-11-20T10:00:00Z [0a1b2c3d]"


def at(seconds: float) -> str:
    """A time so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def name(site: LiveSite) -> str:
    return site.path("leases", f"vddkctl-{site.namespace}", group=LEASES)


def lease(site: LiveSite, holder: str, renewed: str, seconds: int = 60) -> None:
    body = {
        "metadata": {"name": f"vddkctl-{site.namespace}"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": renewed},
    }
    site.server.create(site.path("leases", group=LEASES), body)


@contextmanager
def renewed(site: LiveSite, skew: float) -> Iterator[None]:
    """Somebody who renews the lease all the time, by a clock that differs from ours."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(0.3):
            site.server.request("PATCH", name(site), {"spec": {"renewTime": at(skew)}}, kind=MERGE)

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()


def test_a_lease_that_somebody_holds_stops_a_run_and_names_them(site: LiveSite) -> None:
    lease(site, HOLDER, at(-5))
    ended = site.apply()
    assert (ended.code, site.image) == (1, None)
    assert "another run is at work on this site: ci@runner since 2026-11-20T10:00:00Z\n" in ended.err
    assert f"lease {site.namespace}/vddkctl-{site.namespace}" in ended.err


@pytest.mark.parametrize("skew", [-7200, -70, 70, 7200])
def test_one_whose_holder_has_another_time_is_held_while_it_is_renewed(site: LiveSite, skew: int) -> None:
    lease(site, HOLDER, at(skew))
    with renewed(site, skew):
        ended = site.apply()
    assert (ended.code, site.image) == (1, None)
    assert "another run is at work on this site: ci@runner" in ended.err


@pytest.mark.parametrize("skew", [-7200, 7200])
@pytest.mark.parametrize("holder", [HOLDER, ""])
def test_one_that_nobody_renews_or_that_is_given_back_is_taken(
    site: LiveSite, holder: str, skew: int
) -> None:
    lease(site, holder, at(skew), seconds=2)
    ended = site.apply()
    assert ended.code == 0, ended.err
    found = site.get("leases", f"vddkctl-{site.namespace}", group=LEASES)["spec"]
    assert (found.get("holderIdentity", ""), found["leaseTransitions"]) == ("", 1)


def test_of_two_that_watch_a_lease_one_gets_it(site: LiveSite) -> None:
    lease(site, HOLDER, at(-7200), seconds=3)
    runs = [site.start("apply", "--auto-approve") for _ in range(2)]
    ended = [(run.communicate(timeout=60), run.returncode) for run in runs]
    assert 0 in [code for _, code in ended]
    for (_, error), code in ended:
        assert code == 0 or "another run is at work" in error, error
    assert site.image == IMAGE


def test_of_two_runs_at_once_one_does_it_and_no_harm_is_done(site: LiveSite) -> None:
    runs = [site.start("apply", "--auto-approve") for _ in range(3)]
    ended = [(run.communicate(timeout=60), run.returncode) for run in runs]
    codes = sorted(code for _, code in ended)
    assert codes[0] == 0
    for (_, error), code in ended:
        assert code == 0 or "another run is at work" in error, error
    assert site.image == IMAGE
    assert site.changing() == []


def test_looking_needs_no_lock(applied: LiveSite) -> None:
    applied.server.request("DELETE", name(applied))
    lease(applied, "somebody", at(0))
    assert applied.run("plan").code == 0
    assert applied.run("drift").code == 0


# Suspends itself right before the Nth request that writes; its lease is good for seconds, not for a minute.
SUSPENDED = """
import os, signal, sys, time
from vddkctl.cluster.live import api, lease
lease.SECONDS, lease.RENEWAL, lease.CERTAIN = 3, 0.75, 1.25
number, sent, real = int(sys.argv.pop(1)), 0, api.Api.send
def send(self, method, path, query=None, body=None, kind=api.JSON):
    global sent
    sent += method != "GET" and "selfsubject" not in path and "dryRun" not in (query or {}) and "leases" not in path
    if sent == number:
        sent += 1
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.5)  # the signal takes a moment to reach every thread
    return real(self, method, path, query, body, kind)
api.Api.send = send
from vddkctl.__main__ import main
main()
"""


@contextmanager
def suspended(site: LiveSite, number: int) -> Iterator[Popen[str]]:
    """An apply that stands still before a write."""
    with site.start("apply", "--auto-approve", script=(SUSPENDED, str(number))) as process:
        try:
            until = time.monotonic() + 30
            while "State:\tT" not in Path(f"/proc/{process.pid}/status").read_text():
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            time.sleep(3)  # what was renewed a moment ago is left alone
            yield process
        finally:
            process.kill()


def woken(process: Popen[str]) -> tuple[int, str]:
    """How it ends, and what it says, once it goes on."""
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


@pytest.mark.parametrize(("number", "code"), [(1, 1), (2, 1), (3, 4)])
def test_a_run_that_was_suspended_sees_that_its_lock_is_gone(site: LiveSite, number: int, code: int) -> None:
    # The record of what is intended, the controller, a provider.
    with suspended(site, number) as process:
        site.write(f"controller: {{vddkImage: {OTHER}}}\npolicy: {{conflicts: take}}\n")
        other = site.apply()
        assert other.code == 0, other.err
        ended, said = woken(process)
    assert ended == code, said
    assert "this run has lost its lock, and writes nothing more" in said
    assert site.image == OTHER
    assert "useVddkAioOptimization" not in site.settings("edge-berlin")
    assert site.changing() == []
    assert site.run("drift").code == 0


def test_what_such_a_run_has_done_is_recorded(site: LiveSite) -> None:
    with suspended(site, 3) as process:
        site.write("providers: {plain: {aio: true}}\n")
        assert site.apply("--target", "provider.*/plain").code == 0
        woken(process)
    runs = site.run("history", "--output", "json").data["runs"]
    assert [(run["number"], run["result"]) for run in reversed(runs)] == [(2, "done"), (3, "partly")]
    done = {address for run in runs for address, status in run["changes"].items() if status == "done"}
    assert done == {
        f"controller.{site.namespace}/forklift-controller",
        f"provider.{site.namespace}/plain",
    }
    site.write()
    assert site.apply().code == 0
    assert site.changing() == []


def test_a_run_that_was_suspended_and_whose_lock_nobody_took_goes_on(site: LiveSite) -> None:
    with suspended(site, 2) as process:
        ended, said = woken(process)
    assert ended == 0, said
    assert site.image == IMAGE
    assert site.changing() == []
