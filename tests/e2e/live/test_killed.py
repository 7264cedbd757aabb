"""A run that is killed, at any step: the next one finishes, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.live_sites import IMAGE, LiveSite

# Kills itself at the Nth request that writes: before it is sent, or after it was answered.
KILLED = """
import os, signal, sys
from vddkctl.cluster.live import api
number, when = int(sys.argv.pop(1)), sys.argv.pop(1)
sent, real = 0, api.Api.send
def send(self, method, path, query=None, body=None, kind=api.JSON):
    global sent
    writes = method != "GET" and "selfsubject" not in path and "dryRun" not in (query or {})
    sent += writes
    if writes and sent == number and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = real(self, method, path, query, body, kind)
    if writes and sent == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
api.Api.send = send
from vddkctl.__main__ import main
main()
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_run_that_is_killed_is_finished_by_the_next(site: LiveSite, number: int, when: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(number), when, "apply", "--auto-approve"],
        cwd=site.root,
        env={**os.environ, "KUBECONFIG": str(site.server.kubeconfig())},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (-signal.SIGKILL, 0), done.stderr
    assert site.run("drift").code == 0, "a run that was killed is nobody else"
    ended = site.apply()
    assert ended.code == 0, ended.err
    assert site.image == IMAGE
    assert site.settings("edge-berlin")["useVddkAioOptimization"] == "true"
    assert site.changing() == []
    site.write("providers: {}\n")
    assert site.apply().code == 0
    assert "vddk_image" not in site.get("forkliftcontrollers", "forklift-controller")["spec"]
    assert site.settings("prod") == {"sdkEndpoint": "vcenter"}
