"""Some changes can be done and some cannot: what is done, what is recorded, and what finishes the rest."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.support.sites import ALL, BERLIN, CONTROLLER, EIGHT, LYON, PROD, SEVEN, TEST, SiteOnDisk
from vddkctl.apply.result import Result, Status, StepResult
from vddkctl.errors import ManifestError, PlanFileError, VddkctlError

Mending = Callable[[], object]
Breaking = Callable[[SiteOnDisk], Mending]
"""Breaks something, and gives what mends it."""


def archive_gone(site: SiteOnDisk) -> Mending:
    path = site.root / "eight.tar.gz"
    path.rename(site.root / "away")
    return lambda: (site.root / "away").replace(path)


def archive_cut(site: SiteOnDisk) -> Mending:
    path = site.root / "eight.tar.gz"
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    return lambda: path.write_bytes(content)


def layout_is_a_file(site: SiteOnDisk) -> Mending:
    path = site.root / "images" / "eight"
    path.parent.mkdir()
    path.write_text("not a folder")
    return path.unlink


def blobs_is_a_file(site: SiteOnDisk) -> Mending:
    path = site.root / "images" / "eight"
    path.mkdir(parents=True)
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (path / "blobs").write_text("not a folder")
    return (path / "blobs").unlink


def base_gone(site: SiteOnDisk) -> Mending:
    (site.root / "base").rename(site.root / "away")
    return lambda: (site.root / "away").rename(site.root / "base")


def read_only_file(name: str) -> Breaking:
    def breaking(site: SiteOnDisk) -> Mending:
        path = site.gitops / name
        path.chmod(0o444)
        return lambda: path.chmod(0o644)

    return breaking


EIGHT_FAILS = {EIGHT: "failed", CONTROLLER: "skipped"}

CASES: list[tuple[str, Breaking, dict[str, str]]] = [
    ("the archive is gone", archive_gone, EIGHT_FAILS),
    ("the archive is cut off", archive_cut, EIGHT_FAILS),
    ("the layout is a file", layout_is_a_file, EIGHT_FAILS),
    ("the layout's blobs are a file", blobs_is_a_file, EIGHT_FAILS),
    ("the base is gone", base_gone, {**EIGHT_FAILS, SEVEN: "failed", TEST: "skipped"}),
    ("a file of one object is read-only", read_only_file("prod.yaml"), {PROD: "failed"}),
    ("a file of two objects is read-only", read_only_file("edge.yaml"), {BERLIN: "failed", LYON: "failed"}),
    ("the controller's file is read-only", read_only_file("forklift.yaml"), {CONTROLLER: "failed"}),
]


def undone(result: Result) -> dict[str, str]:
    return {s.address: s.status.value for s in result.steps if s.status is not Status.DONE}


@pytest.mark.parametrize(("breaking", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_does_not_depend_on_it_is_done_and_the_next_apply_finishes(
    site: SiteOnDisk, breaking: Breaking, expected: dict[str, str]
) -> None:
    plan = site.plan()
    mend = breaking(site)
    result = site.apply(plan)
    assert undone(result) == expected
    assert result.exit_code == 4
    assert set(site.record["applied"]) == set(ALL) - set(expected)
    assert site.leftovers() == []
    mend()
    assert site.drift().changed == ()
    again = site.apply()
    assert {step.address for step in again.steps} == set(expected)
    assert again.exit_code == 0
    assert site.plan().changes == ()
    assert set(site.record["applied"]) == set(ALL)
    assert site.record["intended"] == {}


def test_a_skipped_change_names_what_it_waited_for(site: SiteOnDisk) -> None:
    plan = site.plan()
    archive_gone(site)
    errors = {step.address: step.error for step in site.apply(plan).steps}
    assert errors[CONTROLLER] == "depends on image.vddk-8"
    assert errors[EIGHT] == (
        f"{site.root}/eight.tar.gz: there is no such file\n  check the path; download the archive first"
    )


def test_an_object_that_cannot_be_edited_fails_with_its_place_and_its_neighbour_is_done(
    site: SiteOnDisk,
) -> None:
    text = (site.gitops / "test.yaml").read_text()
    merged = text.replace("  settings:\n    sdkEndpoint: vcenter\n", "  settings:\n    <<: *all\n").replace(
        "    vddkInitImage: quay.io/old/vddk:test\n", ""
    )
    head = "all: &all\n  sdkEndpoint: vcenter\n  vddkInitImage: quay.io/old/vddk:test\n"
    (site.gitops / "test.yaml").write_text(head + merged)
    site.change("site.yaml", "test: {vddkImage: vddk-7}", "test: {vddkImage: inherit}")
    result = site.apply()
    assert undone(result) == {TEST: "failed"}
    error = next(step.error for step in result.steps if step.address == TEST)
    assert error
    assert "test.yaml:" in error
    assert (site.gitops / "test.yaml").read_text() == head + merged


def test_a_file_that_a_link_took_out_of_the_folder_is_not_written(site: SiteOnDisk) -> None:
    plan = site.plan("provider.*")
    (site.gitops / "prod.yaml").rename(site.root / "prod.yaml")
    (site.gitops / "prod.yaml").symlink_to(site.root / "prod.yaml")
    before = (site.root / "prod.yaml").read_bytes()
    with pytest.raises(VddkctlError, match="prod: it is gone"):
        site.apply(plan)
    assert (site.root / "prod.yaml").read_bytes() == before


def test_when_everything_fails_nothing_is_done(site: SiteOnDisk) -> None:
    plan = site.plan("provider.*/prod")
    mend = read_only_file("prod.yaml")(site)
    result = site.apply(plan)
    assert undone(result) == {PROD: "failed"}
    assert result.exit_code == 1
    assert site.record["applied"] == {}
    mend()
    assert site.apply().exit_code == 0


def test_a_folder_that_goes_away_fails_what_was_left(site: SiteOnDisk) -> None:
    def told(step: object) -> None:
        if not (site.root / "away").exists():
            site.gitops.rename(site.root / "away")

    result = site.executor(told=told).run(site.plan())
    assert {s.address for s in result.steps if s.status is Status.DONE} == {SEVEN, EIGHT}
    assert {s.status for s in result.steps} == {Status.DONE, Status.FAILED}
    assert result.record_error
    assert "no such folder" in result.record_error
    assert result.exit_code == 4
    (site.root / "away").rename(site.gitops)
    assert site.drift().changed == ()
    assert site.apply().exit_code == 0
    assert site.plan().changes == ()


def test_changes_stand_when_only_the_record_cannot_be_written(site: SiteOnDisk) -> None:
    record = site.gitops / ".vddkctl" / "frankfurt.record"

    def told(step: object) -> None:
        record.unlink(missing_ok=True)
        record.mkdir(exist_ok=True)

    result = site.executor(told=told).run(site.plan("provider.*/prod"))
    assert undone(result) == {}
    assert result.record_error
    assert result.exit_code == 4


@pytest.mark.parametrize("name", ["frankfurt.lock", "frankfurt.record"])
def test_nothing_is_begun_when_the_lock_or_the_record_has_no_place(site: SiteOnDisk, name: str) -> None:
    (site.gitops / ".vddkctl" / name).mkdir(parents=True)
    plan = None if name.endswith("record") else site.plan()
    before = site.tree()
    with pytest.raises(ManifestError):
        site.apply(plan)
    after = site.tree()
    after.pop("gitops/.vddkctl/.gitignore", None)
    assert after == before


def test_a_folder_without_room_for_a_record_is_told_before_the_first_write(site: SiteOnDisk) -> None:
    (site.gitops / ".vddkctl").write_text("in the way")
    before = site.tree()
    with pytest.raises(ManifestError, match=r"\.vddkctl"):
        site.apply()
    assert site.tree() == before


@pytest.mark.parametrize(
    ("address", "image"), [("secret.vms/pull", None), ("image.vddk-8", None), ("nonsense", None)]
)
def test_a_change_of_an_unknown_kind_stops_before_the_first_write(
    site: SiteOnDisk, address: str, image: None
) -> None:
    plan = site.plan("provider.*/prod")
    strange = replace(plan, changes=(*plan.changes, replace(plan.changes[0], address=address, image=image)))
    before = site.tree()
    with pytest.raises(PlanFileError, match="this version cannot carry out"):
        site.apply(strange)
    assert site.tree() == before


def test_a_plan_whose_image_was_meddled_with_stops_before_the_first_write(site: SiteOnDisk) -> None:
    plan = site.plan("image.vddk-8")
    work = plan.changes[0].image
    assert work
    meddled = replace(plan.changes[0], image=replace(work, spec={"archive": "eight.tar.gz"}))
    with pytest.raises(PlanFileError, match="image vddk-8 is not what vddkctl wrote"):
        site.apply(replace(plan, changes=(meddled,)))
    assert not (site.root / "images").exists()


def test_a_disk_that_fills_up_fails_the_image_and_leaves_nothing_half_done(site: SiteOnDisk) -> None:
    # A limit on the size of files is met at the same place as a full disk, and needs no rights.
    plan = site.plan()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        result = site.apply(plan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert undone(result) == {SEVEN: "failed", EIGHT: "failed", CONTROLLER: "skipped", TEST: "skipped"}
    assert site.leftovers() == []
    assert site.apply().exit_code == 0
    assert site.plan().changes == ()


def test_a_mistake_in_vddkctl_itself_is_raised_after_what_was_done_is_recorded(site: SiteOnDisk) -> None:
    def told(step: StepResult) -> None:
        if step.address == CONTROLLER:
            raise RuntimeError("nobody expected this")

    with pytest.raises(RuntimeError, match="nobody expected this"):
        site.executor(told=told).run(site.plan())
    assert set(site.record["applied"]) == {SEVEN, EIGHT, CONTROLLER}
    assert site.record["runs"][-1]["changes"][PROD] == "skipped"
    assert site.drift().changed == ()
    assert site.apply().exit_code == 0
    assert site.plan().changes == ()


def test_what_an_interrupted_run_may_have_set_is_known_until_the_next_run_settles_it(
    site: SiteOnDisk,
) -> None:
    def told(step: StepResult) -> None:
        if step.address == CONTROLLER:
            raise KeyboardInterrupt

    result = site.executor(told=told).run(site.plan())
    assert (result.interrupted, result.exit_code) == (True, 130)
    assert set(site.record["intended"]) == {BERLIN, LYON, PROD, TEST}
    site.executor().run(site.plan("provider.*/edge-*"))
    assert set(site.record["intended"]) == {PROD, TEST}
    site.apply()
    assert site.record["intended"] == {}
