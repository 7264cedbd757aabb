"""Types are learned one at a time: without that, threads that read the same type first at the same time crash."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """
import json, sys, threading
sys.setswitchinterval(1e-5)
from vddkctl.cluster.live.listing import _page_of
from vddkctl.cluster.live.raw import RawObject
from vddkctl.decoding import decoded
item = {"metadata": {"name": "a", "managedFields": [{"fieldsV1": {}}]}, "status": {"conditions": [{"type": "a"}]}}
body = json.dumps({"metadata": {}, "items": [item] * 3}).encode()
together = threading.Barrier(8)
def read():
    page = _page_of(RawObject)
    together.wait()
    for _ in range(20):
        decoded(body, page)
threads = [threading.Thread(target=read) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
"""


def test_threads_read_a_type_for_the_first_time_at_the_same_time() -> None:
    for _ in range(10):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
