"""The record and the lock beside the manifests."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vddkctl.errors import LockedError, ManifestError


def test_a_record_is_read_back_and_is_no_manifest(place: Any) -> None:
    assert place.cluster.read_record("frankfurt") is None

    place.cluster.write_record("frankfurt", b"one")
    place.cluster.write_record("frankfurt", b"two")

    assert place.cluster.read_record("frankfurt") == b"two"
    assert place.cluster.read_record("berlin") is None
    assert sorted(item.name for item in (place.path / ".vddkctl").iterdir()) == [
        ".gitignore",
        "frankfurt.record",
    ]


def test_git_ignores_locks_and_a_changed_gitignore_is_kept(place: Any) -> None:
    place.cluster.write_record("frankfurt", b"one")
    ignore = place.path / ".vddkctl" / ".gitignore"
    assert ignore.read_text() == "*.lock\n"
    ignore.write_text("*.lock\nmine\n")

    place.cluster.write_record("frankfurt", b"two")

    assert ignore.read_text() == "*.lock\nmine\n"


@pytest.mark.parametrize("link", [".vddkctl", ".vddkctl/frankfurt.record"])
def test_a_record_is_not_written_or_read_through_a_link_that_leaves_the_folder(
    place: Any, tmp_path: Path, link: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "frankfurt.record").write_text("other")
    path = place.path / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(outside if link == ".vddkctl" else outside / "frankfurt.record")

    with pytest.raises(ManifestError, match="link that leaves the folder"):
        place.cluster.write_record("frankfurt", b"new")
    with pytest.raises(ManifestError, match="link that leaves the folder"):
        place.cluster.read_record("frankfurt")

    assert (outside / "frankfurt.record").read_text() == "other"


@pytest.mark.parametrize("site", ["", "../x", "a/b", ".hidden", "a\nb"])
def test_a_site_name_cannot_lead_elsewhere(place: Any, site: str) -> None:
    with pytest.raises(ManifestError, match="no name for a site"):
        place.cluster.write_record(site, b"")


def test_a_record_that_cannot_be_written_says_so(place: Any) -> None:
    (place.path / ".vddkctl").write_text("a file")

    with pytest.raises(ManifestError, match="cannot be made"):
        place.cluster.write_record("frankfurt", b"")


def test_a_second_run_is_kept_out_and_told_who_is_in(place: Any) -> None:
    with place.cluster.lock("frankfurt", "anna@laptop\nsince 10:02"):
        with pytest.raises(LockedError) as caught, place.cluster.lock("frankfurt", "ben"):
            pytest.fail("two runs hold one lock")
        assert "the site frankfurt is locked by anna@laptop since 10:02 (process " in str(caught.value)
        with place.cluster.lock("berlin", "ben"):
            pass

    with place.cluster.lock("frankfurt", "ben"):
        pass


def test_a_lock_goes_when_the_block_fails(place: Any) -> None:
    with pytest.raises(ValueError, match="mine"), place.cluster.lock("frankfurt", "anna"):
        raise ValueError("mine")

    with place.cluster.lock("frankfurt", "ben"):
        pass


HOLDS = """
import sys
from pathlib import Path
from vddkctl.cluster.folder import ManifestFolder
with ManifestFolder(Path(sys.argv[1]), "x").lock("frankfurt", "anna"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_goes_when_its_process_is_killed(place: Any) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, place.path], stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"anna \\(process {process.pid}\\)"):
            place.cluster.lock("frankfurt", "ben").__enter__()
        process.send_signal(signal.SIGKILL)
        process.wait()

    with place.cluster.lock("frankfurt", "ben"):
        pass


def test_a_lock_is_not_taken_through_a_link(place: Any, tmp_path: Path) -> None:
    (place.path / ".vddkctl").mkdir()
    (place.path / ".vddkctl" / "frankfurt.lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ManifestError, match="link that leaves the folder"):
        place.cluster.lock("frankfurt", "anna").__enter__()

    assert not (tmp_path / "elsewhere").exists()
