"""Commands that are killed at one of their writes to an API server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.support.live_sites import ROOT, LiveSite

# Kills itself at the Nth request that writes: before it is sent, or after it was answered.
_KILLED = """
import os, signal, sys, threading
from vddkctl.cluster.live import api
number, when = int(sys.argv.pop(1)), sys.argv.pop(1)
sent, lock, real = 0, threading.Lock(), api.Api.send
def send(self, method, path, query=None, body=None, kind=api.JSON):
    global sent
    writes = method != "GET" and "selfsubject" not in path and "dryRun" not in (query or {})
    with lock:
        sent += writes
        mine = sent if writes else 0
    if mine == number and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = real(self, method, path, query, body, kind)
    if mine == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
api.Api.send = send
from vddkctl.__main__ import main
main()
"""


def killed(site: LiveSite, number: int, when: str, *words: str) -> bool:
    """Run a command that is killed at its write of this number; False where it ended before that."""
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(number), when, *words],
        cwd=site.root,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(site.server.kubeconfig(site.user)),
            **site.environment,
        },
        capture_output=True,
        check=False,
    )
    assert done.returncode in (-signal.SIGKILL, 0), done.stderr
    return done.returncode != 0
