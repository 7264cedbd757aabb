"""Writing into a folder of manifests: exact, whole, or not at all."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vddkctl.cluster.rewrite
from vddkctl.atomic import sweep
from vddkctl.cluster.base import ObjectChange
from vddkctl.cluster.yaml_edit.edit import Edited, edit_document
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ClusterError, ManifestError

IMAGE = "spec.settings.vddkInitImage"
TEXT = """\
# A provider.
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata:
  name: NAME   # the name
spec:
    type: vsphere
    settings:
        vddkInitImage: 'quay.io/a/vddk:7'  # the image\t!
        sdkEndpoint: vcenter

    url: "https://vcenter/sdk"
"""


def provider(name: str) -> str:
    return TEXT.replace("NAME", name)


def test_git_shows_only_the_lines_that_had_to_change(place: Any) -> None:
    place.put(provider("one") + "---\n" + provider("two").replace("\n", "\r\n"), "a/p.yaml")
    place.put("\ufeff" + provider("three").rstrip("\n"), "q.yaml")
    _git(place.path, "init", "-q")
    _git(place.path, "add", ".")
    edits = {IMAGE: "new:8", "spec.settings.vddkConfig": "a=1\nb=2\n", "spec.settings.sdkEndpoint": None}

    outcomes = list(place.cluster.write([place.change(name, edits) for name in ("one", "two", "three")]))

    assert [outcome.error for outcome in outcomes] == [None, None, None]
    assert _git(place.path, "diff", "--numstat").split("\n") == ["8\t4\ta/p.yaml", "4\t2\tq.yaml"]
    added = [line for line in _git(place.path, "diff", "-U0", "a").split("\n") if line.startswith("+ ")]
    assert added == [
        "+        vddkInitImage: 'new:8'  # the image\t!",
        "+        vddkConfig: |",
        "+            a=1",
        "+            b=2",
        "+        vddkInitImage: 'new:8'  # the image\t!\r",
        "+        vddkConfig: |\r",
        "+            a=1\r",
        "+            b=2\r",
    ]


def test_every_other_byte_is_kept(place: Any) -> None:
    before = (
        "\ufeff%YAML 1.1\n--- # 😀\n"
        + provider("one")
        + "...\n# between\n---\n{{ template\n--- \n"
        + provider("two").replace("\n", "\r\n")
        + "---"
    )
    file = place.put(before)

    assert place.edit("two", {IMAGE: "new"}) is None

    head, tail = before.split("--- \n")
    assert file.read_bytes().decode() == head + "--- \n" + tail.replace("quay.io/a/vddk:7", "new")


def test_items_of_a_list_are_edited_together(place: Any) -> None:
    items = ""
    for name in ("a", "b", "c"):
        body = provider(name).split("\n", 1)[1].rstrip()
        items += "  - " + body.replace("\n", "\n    ") + "\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n{items}# end\n"
    file = place.put(text)
    changes = [place.change(name, {IMAGE: f"new-{name}", "spec.settings.x": "1"}) for name in ("c", "a")]

    assert [outcome.error for outcome in place.cluster.write(changes)] == [None, None]

    assert place.live("a").spec["settings"] == {"vddkInitImage": "new-a", "sdkEndpoint": "vcenter", "x": "1"}
    assert place.live("b").spec["settings"] == {"vddkInitImage": "quay.io/a/vddk:7", "sdkEndpoint": "vcenter"}
    assert place.live("c").spec["settings"]["vddkInitImage"] == "new-c"
    assert len(file.read_text().splitlines()) == len(text.splitlines()) + 2


def test_writing_the_same_again_leaves_the_file_alone(place: Any) -> None:
    file = place.put(provider("one"))
    stale = place.change("one", {IMAGE: "new", "spec.settings.none": None})
    assert [outcome.error for outcome in place.cluster.write([stale])] == [None]
    before = file.stat()

    outcomes = list(place.cluster.write([stale]))

    assert [outcome.error for outcome in outcomes] == [None]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_object_that_moved_since_the_plan_is_not_written(place: Any) -> None:
    place.put(provider("one"), "one.yaml")
    place.put(provider("two"), "two.yaml")
    changes = [place.change(name, {IMAGE: "new"}) for name in ("one", "two")]
    moved = place.put(provider("one").replace("vddk:7", "vddk:6"), "one.yaml")

    first, second = place.cluster.write(changes)

    assert isinstance(first.error, ClusterError)
    assert "provider.openshift-mtv/one was changed since the plan was made" in str(first.error)
    assert second.error is None
    assert "vddk:6" in moved.read_text()
    assert place.live("two").spec["settings"]["vddkInitImage"] == "new"


def test_an_object_that_is_gone_is_named(place: Any, tmp_path: Path) -> None:
    file = place.put(provider("one"), "one.yaml")
    change = place.change("one", {IMAGE: "new"})
    elsewhere = tmp_path / "one.yaml"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)

    (outcome,) = place.cluster.write([change])

    assert "provider.openshift-mtv/one is not in the folder any more" in str(outcome.error)
    assert "these links leave the folder, and are not followed: one.yaml" in str(outcome.error)
    assert elsewhere.read_text() == provider("one")


def test_a_broken_file_spoils_only_its_own_objects(place: Any) -> None:
    place.put(provider("one"), "one.yaml")
    broken = place.put(provider("two"), "two.yaml")
    changes = [place.change(name, {IMAGE: "new"}) for name in ("two", "one")]
    broken.write_text(provider("two") + "a: b: c\n")

    two, one = place.cluster.write(changes)

    assert 'two.yaml:13:5: a ":" is not expected here' in str(two.error)
    assert one.error is None


def test_an_edit_that_fails_leaves_its_object_as_it_was_and_not_its_neighbours(place: Any) -> None:
    merged = provider("one").replace("        sdkEndpoint", "        <<: {a: b}\n        sdkEndpoint")
    file = place.put(merged + "---\n" + provider("two"))
    changes = [
        place.change("one", {IMAGE: "new", "spec.settings.a": None}),
        place.change("two", {IMAGE: "new"}),
    ]

    one, two = place.cluster.write(changes)

    assert "p.yaml:10:14: spec.settings.a comes from here through a merge key" in str(one.error)
    assert two.error is None
    assert file.read_text() == merged + "---\n" + provider("two").replace("quay.io/a/vddk:7", "new")


def test_a_value_that_yaml_cannot_hold_is_refused(place: Any) -> None:
    file = place.put(provider("one"))

    error = place.edit("one", {IMAGE: "\ud800"})

    assert "cannot be edited safely" in str(error)
    assert file.read_text() == provider("one")


def test_a_read_only_file_is_refused(place: Any) -> None:
    file = place.put(provider("one"))
    file.chmod(0o444)

    error = place.edit("one", {IMAGE: "new"})

    assert "p.yaml: this file is read-only" in str(error)
    assert file.read_text() == provider("one")


def test_a_file_that_is_not_utf8_elsewhere_is_refused(place: Any) -> None:
    data = b"# caf\xe9\n---\n" + provider("one").encode()
    file = place.put(data)

    error = place.edit("one", {IMAGE: "new"})

    assert "p.yaml:1: this file is not UTF-8" in str(error)
    assert file.read_bytes() == data


def test_a_link_inside_the_folder_stays_a_link(place: Any) -> None:
    real = place.put(provider("one"), ".real/one.yaml")
    link = place.path / "one.yaml"
    link.symlink_to(".real/one.yaml")

    assert place.edit("one", {IMAGE: "new"}) is None

    assert link.is_symlink()
    assert "new" in real.read_text()


def test_the_mode_of_a_file_is_kept_and_nothing_is_left_behind(place: Any) -> None:
    file = place.put(provider("one"))
    file.chmod(0o640)

    assert place.edit("one", {IMAGE: "new"}) is None

    assert file.stat().st_mode & 0o777 == 0o640
    assert place.names() == ["p.yaml"]


def test_a_file_edited_by_another_hand_meanwhile_is_not_overwritten(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.put(provider("one"))
    change = place.change("one", {IMAGE: "new"})
    real_fsync = os.fsync

    def meanwhile(descriptor: int) -> None:
        real_fsync(descriptor)
        file.write_text("another hand")

    monkeypatch.setattr(os, "fsync", meanwhile)
    (outcome,) = place.cluster.write([change])

    assert isinstance(outcome.error, ManifestError)
    assert "was changed while it was being edited" in str(outcome.error)
    assert file.read_text() == "another hand"
    assert place.names() == ["p.yaml"]


KILLED = """
import os, signal, sys
from pathlib import Path
from vddkctl.cluster.base import FieldEdit, ObjectChange, Wanted
from vddkctl.cluster.folder import ManifestFolder
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
place = ManifestFolder(Path(sys.argv[1]), "x")
live = place.observe(Wanted()).providers[0]
list(place.write([ObjectChange(live.key, (FieldEdit(("spec", "url"), "new"),), live.resource_version)]))
"""


def test_a_run_that_is_killed_before_the_last_step_leaves_the_old_file_whole(place: Any) -> None:
    file = place.put(provider("one"))

    killed = subprocess.run([sys.executable, "-c", KILLED, place.path], check=False)

    assert killed.returncode == -9
    assert file.read_text() == provider("one")
    assert place.edit("one", {IMAGE: "new"}) is None
    assert place.names() == [file.name]  # what it left is gone, too


def test_what_another_run_is_writing_is_not_swept_away(tmp_path: Path) -> None:
    being_written, left = tmp_path / ".vddkctl-0123456789abcdef", tmp_path / ".vddkctl-fedcba9876543210"
    left.touch()
    with being_written.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        sweep(tmp_path)
        assert list(tmp_path.iterdir()) == [being_written]
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "slip",
    [
        lambda text: text.replace("vcenter", "other"),
        lambda text: text + "---\n",
        lambda text: text.replace("type: vsphere", "type: [vsphere"),
        lambda text: "",
    ],
)
def test_a_slip_of_the_editor_is_caught_before_anything_is_written(
    place: Any, monkeypatch: pytest.MonkeyPatch, slip: Callable[[str], str]
) -> None:
    file = place.put(provider("one"))

    def careless(source: Source, objects: Any, *, json_only: bool) -> Edited:
        edited = edit_document(source, objects, json_only=json_only)
        return Edited(slip(edited.text), edited.failed)

    monkeypatch.setattr(vddkctl.cluster.rewrite, "edit_document", careless)
    error = place.edit("one", {IMAGE: "new"})

    assert isinstance(error, ManifestError)
    assert "nothing is written" in str(error)
    assert file.read_text() == provider("one")


def test_two_changes_of_one_file_make_one_write(place: Any) -> None:
    file = place.put(provider("one") + "---\n" + provider("two"))
    changes: list[ObjectChange] = [place.change(name, {IMAGE: "new"}) for name in ("one", "two")]
    inodes = {file.stat().st_ino}

    for outcome in place.cluster.write(changes):
        assert outcome.error is None
        inodes.add(file.stat().st_ino)

    assert len(inodes) == 2


def _git(folder: Path, *words: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    words = ("-c", "core.autocrlf=false", "-c", "core.safecrlf=false", *words)
    run = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, check=True)
    return run.stdout.decode().removesuffix("\n")
