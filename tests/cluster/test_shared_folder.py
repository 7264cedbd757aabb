"""Two sites that share a folder of manifests: their runs write at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from vddkctl.cluster.folder import ManifestFolder
from vddkctl.cluster.lock_file import folder_locked
from vddkctl.errors import LockedError, ManifestError

TEXT = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: NAME, namespace: openshift-mtv}
spec: {type: vsphere, settings: {a: '0'}}
"""
BOTH = TEXT.replace("NAME", "one") + "---\n" + TEXT.replace("NAME", "two")
A = "spec.settings.a"

WRITES = """
import sys
from pathlib import Path
from vddkctl.cluster.base import FieldEdit, ObjectChange, Wanted
from vddkctl.cluster.folder import ManifestFolder
place, name = ManifestFolder(Path(sys.argv[1]), "x"), sys.argv[2]
live = lambda: next(p for p in place.observe(Wanted()).providers if p.key.name == name)
sys.stdin.read()
for number in range(1, 101):
    edit = FieldEdit(("spec", "settings", "a"), str(number))
    for outcome in place.write([ObjectChange(live().key, (edit,), live().resource_version)]):
        assert outcome.error is None, outcome.error
    assert live().spec["settings"]["a"] == str(number)
"""


def test_no_write_is_lost(place: Any) -> None:
    place.put(BOTH)
    words = [sys.executable, "-c", WRITES, place.path]
    writers = [
        subprocess.Popen([*words, name], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
    for writer in writers:
        with writer:
            assert writer.stderr
            assert writer.stderr.read() == b""
    assert [item.spec["settings"]["a"] for item in place.state().providers] == ["100", "100"]


def test_a_write_waits_and_then_reads_what_the_other_run_wrote(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, outcomes, waits = place.put(BOTH), [], threading.Event()
    change = place.change("one", {A: "1"})
    writer = threading.Thread(target=lambda: outcomes.extend(place.cluster.write([change])))
    monkeypatch.setattr(time, "sleep", lambda seconds: waits.set())
    with folder_locked(place.path, 0):
        writer.start()
        assert waits.wait(30)
        head, tail = BOTH.split("---\n")
        file.write_text(head + "---\n" + tail.replace("'0'", "'2'"))
    writer.join()

    assert [outcome.error for outcome in outcomes] == [None]
    assert [item.spec["settings"]["a"] for item in place.state().providers] == ["1", "2"]


def test_a_run_that_keeps_writing_is_named(place: Any) -> None:
    file = place.put(BOTH)
    change, impatient = place.change("one", {A: "1"}), ManifestFolder(place.path, "x", patience=0)
    with folder_locked(place.path, 0), pytest.raises(LockedError) as caught:
        list(impatient.write([change]))
    where, _, what = str(caught.value).partition(": ")
    assert where == f"{place.path}/.vddkctl/.lock"
    assert what.startswith("the folder of manifests is locked by a run on ")
    assert what.endswith("\n  wait until that run has ended; its lock goes with it")
    assert file.read_text() == BOTH

    assert [outcome.error for outcome in impatient.write([change])] == [None]


def test_the_folders_lock_is_not_taken_through_a_link(place: Any, tmp_path: Path) -> None:
    place.put(BOTH)
    change = place.change("one", {A: "1"})
    (place.path / ".vddkctl").mkdir()
    (place.path / ".vddkctl" / ".lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ManifestError, match="link that leaves the folder"):
        list(place.cluster.write([change]))

    assert not (tmp_path / "elsewhere").exists()


def test_git_sees_no_lock(place: Any) -> None:
    place.put(BOTH)
    assert place.edit("one", {A: "1"}) is None
    with place.cluster.lock("frankfurt", "anna"):
        subprocess.run(["git", "init", "-q"], cwd=place.path, check=True)
        status = subprocess.run(
            ["git", "status", "--porcelain", "-uall"],
            cwd=place.path,
            check=True,
            capture_output=True,
            text=True,
        )
    assert status.stdout.splitlines() == ["?? .vddkctl/.gitignore", "?? p.yaml"]
