"""What was applied, and going back to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.sites import CONTROLLER, EIGHT, PROD, SiteOnDisk


def record_of(site: SiteOnDisk) -> Path:
    return site.gitops / ".vddkctl" / "frankfurt.record"


@pytest.fixture
def twice(vddkctl: Vddkctl, applied: SiteOnDisk) -> SiteOnDisk:
    """Applied twice: the second time with other buffers, and no image for test."""
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    return applied


def test_runs_are_listed_with_who_when_and_what(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    done = vddkctl("history", cwd=twice.root)
    assert done.code == 0, done.err
    newest, first = done.out.splitlines()
    assert newest.startswith("   2  20")
    assert newest.endswith("1 done")
    assert first.startswith("   1  20")
    assert first.endswith("7 done")
    assert "vddkctl 0." in newest
    assert "spec sha256:" in newest
    found = json.loads(vddkctl("history", "--output", "json", cwd=twice.root).out)
    assert [run["number"] for run in found["runs"]] == [2, 1]


def test_one_run_in_full(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    shown = vddkctl("history", "show", "2", cwd=twice.root)
    assert shown.code == 0, shown.err
    assert f"  {PROD}  update differs  done\n" in shown.out
    assert "vddkConfig   BufSizeIn64KB=64 → BufSizeIn64KB=128" in shown.out
    assert vddkctl("history", "2", cwd=twice.root).out == shown.out
    first = vddkctl("history", "show", "1", cwd=twice.root)
    assert f"  {EIGHT}  create absent  done\n      digest   (not set) → sha256:" in first.out


def test_nothing_yet(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("history", cwd=site.root).out == "Nothing was applied yet.\n"
    missing = vddkctl("rollback", "1", "--auto-approve", cwd=site.root)
    assert missing.code == 1
    assert "nothing was applied yet" in missing.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("history", "show", "9"), 1, "there is no run 9 in the history\n  there are 1 to 2"),
        (("history", "show", "x"), 64, "names no run"),
        (("history", "1", "2"), 64, "names no run"),
        (("rollback", "9", "--auto-approve"), 1, "there is no run 9"),
        (("rollback", "1"), 64, "there is no one to ask"),
        (("rollback", "0", "--auto-approve"), 64, "N"),
    ],
)
def test_bad_words(vddkctl: Vddkctl, twice: SiteOnDisk, words: tuple[str, ...], code: int, says: str) -> None:
    done = vddkctl(*words, cwd=twice.root)
    assert done.code == code, done.err
    assert says in done.err


def test_going_back_puts_back_values_and_is_a_run_of_its_own(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    done = vddkctl("rollback", "1", "--auto-approve", cwd=twice.root)
    assert done.code == 0, done.out + done.err
    assert "rollback" in done.out
    assert "BufSizeIn64KB=128 → BufSizeIn64KB=64" in done.out
    assert "the next apply undoes this" in done.err
    text = (twice.gitops / "prod.yaml").read_text()
    assert "BufSizeIn64KB=64\n" in text
    assert vddkctl("drift", cwd=twice.root).code == 0
    assert vddkctl("history", cwd=twice.root).out.startswith("   3  ")
    pending = vddkctl("plan", "--detailed-exitcode", cwd=twice.root)
    assert pending.code == 2
    forth = vddkctl("rollback", "2", "--auto-approve", cwd=twice.root)
    assert forth.code == 0
    assert vddkctl("plan", "--detailed-exitcode", cwd=twice.root).code == 0


def test_going_back_to_where_one_is_changes_nothing(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    before = twice.tree()
    done = vddkctl("rollback", "2", "--auto-approve", cwd=twice.root)
    assert done.code == 0
    assert twice.tree() == before


def test_a_tag_goes_back_to_its_digest(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "archive: {path: ./eight.tar.gz}", "archive: {path: ./seven.tar.gz}")
    first = index_of(applied)
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    assert index_of(applied) != first
    done = vddkctl("rollback", "1", "--auto-approve", cwd=applied.root)
    assert done.code == 0, done.out + done.err
    assert f"✓ {EIGHT}  replaced  {first}" in done.out
    assert index_of(applied) == first
    assert f"@{first}" in (applied.gitops / "forklift.yaml").read_text()
    assert CONTROLLER in done.out


def index_of(site: SiteOnDisk) -> str:
    index = json.loads((site.root / "images" / "eight" / "index.json").read_text())
    name = "org.opencontainers.image.ref.name"
    return str(next(e["digest"] for e in index["manifests"] if e.get("annotations", {}).get(name) == "8.0.1"))


def test_a_saved_rollback_is_carried_out_as_any_plan(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    assert vddkctl("rollback", "1", "-o", "back.json", cwd=twice.root).code == 0
    done = vddkctl("apply", "back.json", cwd=twice.root)
    assert done.code == 0, done.out + done.err
    assert "BufSizeIn64KB=64\n" in (twice.gitops / "prod.yaml").read_text()


def test_details_that_are_not_kept_are_told(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    data = twice.record
    for run in data["runs"]:
        del run["details"], run["number"]  # as an older vddkctl wrote it
    twice.put_record(data)
    assert vddkctl("history", cwd=twice.root).out.startswith("   2  ")
    assert "The details of its 1 change are not kept." in vddkctl("history", "show", "2", cwd=twice.root).out
    done = vddkctl("rollback", "1", "--auto-approve", cwd=twice.root)
    assert done.code == 1
    assert "its details are not kept" in done.err


def test_a_clock_that_jumped_is_told(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    data = twice.record
    data["runs"][0]["at"] = "2999-01-01T00:00:00Z"
    twice.put_record(data)
    newest, first = vddkctl("history", cwd=twice.root).out.splitlines()
    assert newest.endswith("! dated before the run below it: a clock was wrong")
    assert first.endswith("! dated in the future: a clock was wrong")


def test_a_damaged_record_is_told(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    record_of(twice).write_text("{")
    done = vddkctl("history", cwd=twice.root)
    assert done.code == 1
    assert "bring it back from a backup (in a folder of manifests: from Git)" in done.err


def test_going_back_gives_what_a_run_set_and_not_what_somebody_made_of_it(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    assert vddkctl("rollback", "1", "--auto-approve", cwd=applied.root).code == 0
    assert "BufCount=4\n" in (applied.gitops / "prod.yaml").read_text()


def test_what_came_to_be_managed_since_is_as_it_was_to_the_byte(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    applied.change("gitops/prod.yaml", "useVddkAioOptimization:", "vddkInitImage: quay.io/mine:1  # by hand\n    useVddkAioOptimization:")  # fmt: skip
    before = {name: text for name, text in applied.tree().items() if name.startswith("gitops/") and name.endswith("yaml")}  # fmt: skip
    known = applied.record["applied"]
    applied.change("site.yaml", "  prod: {aio: true, buffers: small}", "  prod: {aio: true, buffers: medium, vddkImage: vddk-7}")  # fmt: skip
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    done = vddkctl("rollback", "1", "--auto-approve", cwd=applied.root)
    assert done.code == 0, done.out + done.err
    assert {name: applied.tree()[name] for name in before} == before
    assert applied.record["applied"] == known
    runs = [(run["kind"], run["backTo"], run["result"]) for run in applied.record["runs"]]
    assert runs == [("apply", 0, "done"), ("apply", 0, "done"), ("rollback", 1, "done")]


def test_a_digest_that_is_gone_from_a_layout_is_told_before_anything_is_written(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    first = index_of(applied)
    applied.change("site.yaml", "archive: {path: ./eight.tar.gz}", "archive: {path: ./seven.tar.gz}")
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    (applied.root / "images" / "eight" / "blobs" / "sha256" / first.partition(":")[2]).unlink()
    before = applied.tree()
    done = vddkctl("rollback", "1", "--auto-approve", cwd=applied.root)
    assert done.code == 1
    assert f"{EIGHT}: digest {first} is gone from oci:./images/eight; push it there again" in done.err
    assert f"{CONTROLLER}: would name an image that is gone" in done.err
    assert applied.tree() == before
    part = vddkctl("rollback", "1", "--auto-approve", "--target", PROD, cwd=applied.root)
    assert (part.code, "all of it is as it was after run 1" in part.out) == (0, True)


def test_what_is_gone_is_not_said_to_be_as_it_was(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    (applied.gitops / "prod.yaml").unlink()
    done = vddkctl("rollback", "1", "--auto-approve", cwd=applied.root)
    assert done.code == 0
    assert f"{PROD}: was there then, and is not any more: it is not made again [stays-as-it-is]" in done.out
    end = "No changes: 1 address stays as now, not as after run 1; the rest is as it was.\n"
    assert done.out.endswith(end)
    rest = vddkctl("rollback", "1", "--auto-approve", "--exclude", PROD, cwd=applied.root)
    assert rest.out.endswith("No changes: all of it is as it was after run 1.\n")


def test_a_record_that_is_gone_is_told_apart_from_none(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    record_of(applied).unlink()
    planned = vddkctl("plan", cwd=applied.root)
    assert planned.code == 0
    assert "images of this site are named by digest at forklift.yaml:5" in planned.out
    assert "[record-gone]" in planned.out
    for words in (("drift",), ("history",), ("rollback", "1", "--auto-approve")):
        done = vddkctl(*words, cwd=applied.root)
        assert (done.code, done.out) == (1, ""), words
        assert "the record of frankfurt is gone" in done.err
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    assert vddkctl("drift", cwd=applied.root).out == "No drift.\n"


def test_a_record_that_was_edited_is_told_and_kept_aside(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    edited = record_of(twice).read_text().replace("BufCount=8", "BufCount=9")
    record_of(twice).write_text(edited)
    planned = vddkctl("plan", cwd=twice.root)
    assert (planned.code, "the record was edited by hand: its checksum does not fit" in planned.out) == (
        0,
        True,
    )
    told = vddkctl("drift", cwd=twice.root)
    assert (told.code, told.out) == (1, "")
    assert "drift cannot be told: the record was edited by hand" in told.err
    assert vddkctl("apply", "--auto-approve", cwd=twice.root).code == 0
    assert record_of(twice).with_suffix(".record.damaged").read_text() == edited
    assert vddkctl("drift", cwd=twice.root).code == 0


def test_a_record_without_its_checksum_is_not_believed(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    edited = record_of(twice).read_text().replace("BufCount=8", "BufCount=9")
    lines = edited.splitlines(keepends=True)
    record_of(twice).write_text("".join(line for line in lines if '"checksum"' not in line))
    told = vddkctl("drift", cwd=twice.root)
    assert (told.code, told.out) == (1, "")
    assert "drift cannot be told: the record was edited by hand: its checksum is missing" in told.err


def test_a_record_of_a_newer_vddkctl_is_not_begun_anew(vddkctl: Vddkctl, twice: SiteOnDisk) -> None:
    record_of(twice).write_text(record_of(twice).read_text().replace('"1.0"', '"2.0"', 1))
    before = twice.tree()
    for words in (("plan",), ("apply", "--auto-approve"), ("drift",), ("history",)):
        done = vddkctl(*words, cwd=twice.root)
        assert (done.code, "use the vddkctl that wrote it" in done.err) == (1, True), words
    assert twice.tree() == before
