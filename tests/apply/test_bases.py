"""Bases in layouts, named by tag: an image stays on the one it was made on, and a plan on the one it was made with."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.support.sites import EIGHT, SEVEN, SiteOnDisk
from vddkctl.apply.result import Status
from vddkctl.demo.base import make_base
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.descriptor import OCI_MANIFEST, Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.reference import parse
from vddkctl.plan.codec import decode_plan, encode_plan, sealed
from vddkctl.plan.model import Plan
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry


def base_digest(site: SiteOnDisk, folder: str = "base") -> str:
    found = LayoutRegistry(site.root).resolve(parse(f"oci:{folder}:small"))
    assert found
    return found.digest


def rebased(site: SiteOnDisk) -> str:
    """Someone builds the base anew, under the same tag. Returns its digest."""
    program = (site.root / "busybox").read_bytes()
    (site.root / "busybox").write_bytes(program + bytes(4))
    make_base(site.root / "base", "small", site.root / "busybox")
    return base_digest(site)


def forgotten(site: SiteOnDisk, digest: str) -> None:
    (site.root / "base" / "blobs" / "sha256" / hex_of(digest)).unlink()


def codes(plan: Plan) -> set[tuple[str, str]]:
    return {(warning.code, warning.address) for warning in plan.warnings}


def reasons(plan: Plan) -> dict[str, str]:
    return {change.address: change.reason for change in plan.changes if change.image}


@pytest.mark.parametrize("memory", ["the record", "the images themselves"])
def test_images_stay_on_the_base_they_were_made_on(applied: SiteOnDisk, memory: str) -> None:
    if memory == "the images themselves":
        (applied.gitops / ".vddkctl" / "frankfurt.record").unlink()
    rebased(applied)
    plan = applied.plan()
    assert plan.changes == ()
    lost = {("record-gone", "record of frankfurt")} if memory == "the images themselves" else set()
    assert codes(plan) == {("base-moved", SEVEN), ("base-moved", EIGHT), *lost}
    assert applied.drift().changed == ()


def test_a_base_that_cannot_be_read_is_an_error_and_no_reason_to_take_another(applied: SiteOnDisk) -> None:
    layout, reference = LayoutRegistry(applied.root), parse("oci:base:small")
    manifest = json.loads(layout.manifest(reference, base_digest(applied)))
    config = Descriptor(manifest["config"]["mediaType"], digest_of(b"[]"), 2)
    layout.put_blob(reference, Blob(config, Content(b"[]")), Silent())
    manifest["config"] |= {"digest": config.digest, "size": config.size}
    content = json.dumps(manifest).encode()
    broken = Descriptor(OCI_MANIFEST, digest_of(content), len(content))
    layout.put_manifest(reference.with_digest(broken.digest), broken, content)
    applied.edit_record(base_digest(applied), broken.digest)
    with pytest.raises(ImageError):
        applied.plan()


def test_they_follow_it_where_the_spec_says_so(applied: SiteOnDisk) -> None:
    rebased(applied)
    applied.change("site.yaml", "    tag: 8.0.1\n", "    tag: 8.0.1\n    followBase: true\n")
    plan = applied.plan()
    assert reasons(plan) == {EIGHT: "base-changed"}
    assert codes(plan) >= {("base-floating", EIGHT), ("base-moved", SEVEN)}
    assert applied.apply(plan).exit_code == 0
    assert applied.plan().changes == ()
    assert applied.record["applied"][EIGHT]["baseDigest"] == base_digest(applied)


def test_an_image_that_was_never_made_takes_the_base_as_it_is(site: SiteOnDisk) -> None:
    assert site.executor().run(site.plan(SEVEN)).exit_code == 0
    new = rebased(site)
    works = {change.address: change.image for change in site.plan().changes if change.image}
    assert [work.base_digest for work in works.values()] == [new]
    assert codes(site.plan()) >= {("base-floating", EIGHT), ("base-moved", SEVEN)}


def test_a_plan_is_done_on_its_base_whatever_the_tag_names_by_then(site: SiteOnDisk) -> None:
    plan = decode_plan(encode_plan(site.plan()), "plan.json")
    rebased(site)
    assert site.apply(plan).exit_code == 0
    found = LayoutRegistry(site.root).resolve(parse("oci:images/eight:8.0.1"))
    assert found
    assert found.digest == plan.images[EIGHT].digest
    assert codes(site.plan()) == {("base-moved", SEVEN), ("base-moved", EIGHT)}


def test_a_plan_whose_base_is_gone_says_so_and_does_what_it_can(site: SiteOnDisk) -> None:
    plan, old = site.plan(), base_digest(site)
    rebased(site)
    forgotten(site, old)
    result = site.apply(plan)
    ends = {step.address: step for step in result.steps}
    assert {address for address, step in ends.items() if step.status is Status.FAILED} == {SEVEN, EIGHT}
    assert ends[EIGHT].error == (
        f"oci:./base:small: the base of the plan is gone: {old}\n"
        "  bring it back, or make a new plan with: vddkctl plan"
    )
    assert result.exit_code == 4


def test_a_base_that_is_gone_has_to_be_chosen_anew(applied: SiteOnDisk) -> None:
    old, new = base_digest(applied), rebased(applied)
    forgotten(applied, old)
    with pytest.raises(RegistryError) as caught:
        applied.plan()
    assert str(caught.value) == (
        f"{applied.root}/site.yaml:10:5: image vddk-7: oci:./base:small: the base that the image was last made on is "
        f"gone: {old}\n  pin the one that is there now (base: oci:./base:small@{new}), or set followBase: true"
    )


def test_a_base_in_another_folder_is_another_one_unless_that_has_the_old_one_too(applied: SiteOnDisk) -> None:
    (applied.gitops / ".vddkctl" / "frankfurt.record").unlink()
    shutil.copytree(applied.root / "base", applied.root / "both")
    rebased(applied)
    shutil.copytree(applied.root / "base", applied.root / "new")
    old = base_digest(applied, "both")
    (applied.root / "new" / "blobs" / "sha256" / hex_of(old)).unlink()
    applied.change("site.yaml", "oci:./base:small", "oci:./both:small")
    assert reasons(applied.plan()) == {}
    applied.change("site.yaml", "oci:./both:small", "oci:./new:small")
    assert reasons(applied.plan()) == {SEVEN: "base-changed", EIGHT: "base-changed"}


def test_a_killed_run_on_a_newer_base_is_remembered(applied: SiteOnDisk) -> None:
    """The tag names what the run intended; the record of what was applied is older than that."""
    new = rebased(applied)
    applied.change("site.yaml", "    tag: 8.0.1\n", "    tag: 8.0.1\n    followBase: true\n")
    plan = applied.plan()
    record = applied.folder.read_record("frankfurt")
    assert record
    assert applied.apply(plan).exit_code == 0
    import json

    before, after = json.loads(record), applied.record
    del before["checksum"]
    before["intended"] = {EIGHT: after["applied"][EIGHT]}
    with applied.folder.lock("frankfurt", "a test"):
        applied.folder.write_record("frankfurt", sealed(before))
    applied.change("site.yaml", "    followBase: true\n", "")
    plan = applied.plan()
    assert reasons(plan) == {}
    assert ("base-floating", EIGHT) in codes(plan)
    assert new == base_digest(applied)
