"""The base of an image, in a registry: named by tag it may move, and the image stays where it is unless told otherwise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.registries import serve_plain
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import EIGHT
from tests.support.witnesses import At, Skopeo

NO_CHANGES = "No changes: 3 addresses are as declared.\n"


@pytest.fixture
def site(
    tmp_path: Path, own_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> RegistrySite:
    """A site that was applied."""
    site = make_registry_site(tmp_path / "site", own_registry, repository, vddkctl, skopeo)
    site.apply()
    return site


def without_record(site: RegistrySite) -> None:
    (site.root / "gitops" / ".vddkctl" / "frankfurt.record").unlink()


def without_cache(site: RegistrySite, home: Path) -> None:
    shutil.rmtree(home / ".cache")


def test_a_base_by_tag_is_warned_about_and_a_pinned_one_is_not(site: RegistrySite) -> None:
    assert site.warnings()["base-floating"].endswith(
        f"pin it: {site.host}/{site.base.name}@{site.base_digest}"
    )
    site.change("base:small", f"base:small@{site.base_digest}")
    assert site.warnings() == {}


@pytest.mark.parametrize("memory", ["the record", "the image itself"])
def test_a_base_that_moved_is_told_and_not_followed(site: RegistrySite, memory: str) -> None:
    image, before = site.digest, site.base_digest
    if memory == "the image itself":
        without_record(site)
    after = site.move_base()
    assert site.run("plan", "--summary", "--detailed-exitcode").out == NO_CHANGES
    assert {code: text for code, text in site.warnings().items() if code != "record-gone"} == {
        "base-moved": (
            f"the base {site.host}/{site.base.name} names {after} by now, and the image stays on {before}; pin the new "
            f"one (base: {site.host}/{site.base.name}@{after}) or set images.vddk-8.followBase: true"
        )
    }
    site.apply()
    assert site.digest == image
    assert site.run("drift").code == 0
    # Also when the image has to be made anew it is made on the base that it had.
    site.skopeo.delete(site.image)
    site.apply()
    assert site.digest == image


@pytest.mark.parametrize("way", ["followed", "pinned"])
def test_a_base_that_moved_is_taken_where_the_spec_says_so(site: RegistrySite, way: str) -> None:
    before, after = site.base_digest, site.move_base()
    if way == "followed":
        site.change("base:small\n", "base:small\n    followBase: true\n")
    else:
        site.change("base:small\n", f"base:small@{after}\n")
    (change, _) = site.plan()["changes"]
    assert (change["reason"], change["origin"]) == ("base-changed", "spec")
    assert change["found"]["baseDigest"] == before
    site.apply()
    assert site.skopeo.manifest(site.image)["annotations"]["org.opencontainers.image.base.digest"] == after
    assert site.run("plan", "--summary").out == NO_CHANGES
    assert set(site.warnings()) == ({"base-floating"} if way == "followed" else set())

    if way == "followed":  # and when it is no longer followed, the image stays where it is by then
        site.change("    followBase: true\n", "")
        site.move_base()
        assert site.run("plan", "--summary").out == NO_CHANGES
        assert set(site.warnings()) == {"base-moved"}


@pytest.mark.parametrize("memory", ["the record", "the image itself"])
def test_a_base_of_another_name_is_another_base(site: RegistrySite, memory: str) -> None:
    newer = site.move_base()
    if memory == "the image itself":
        without_record(site)
    site.skopeo.copy(site.base, At(site.registry, f"{site.repository}/base:next"))
    site.change("base:small", "base:next")
    (change, _) = site.plan()["changes"]
    assert (change["reason"], change["image"]["baseDigest"]) == ("base-changed", newer)


def test_a_base_that_is_no_longer_pinned_is_the_same_base(site: RegistrySite) -> None:
    pinned = f"base:small@{site.base_digest}"
    site.change("base:small", pinned)
    site.apply()
    newer = site.move_base()
    site.change(pinned, "base:small")
    assert site.run("plan", "--summary").out == NO_CHANGES
    assert newer in site.warnings()["base-moved"]


def test_a_saved_plan_stays_that_plan_when_the_base_moves(site: RegistrySite) -> None:
    site.change("8.0.1", "8.0.2")
    before = site.base_digest
    assert site.run("plan", "-o", "plan.json").code == 0
    (planned, *_) = json.loads((site.root / "plan.json").read_text())["changes"]
    site.move_base()
    done = site.run("apply", "plan.json")
    assert done.code == 0, done.out
    assert site.registry.tags(f"{site.repository}/vddk")["8.0.2"] == planned["image"]["digest"]
    assert planned["image"]["baseDigest"] == before


def forget_base(site: RegistrySite) -> str:
    """The registry loses the base: a newer one has its tag, and the old one was collected."""
    old = site.base_digest
    site.move_base()
    site.skopeo.delete(At(site.registry, f"{site.repository}/base@{old}"))
    return old


def test_a_saved_plan_whose_base_is_gone_fails_clearly(site: RegistrySite, home: Path) -> None:
    site.change("8.0.1", "8.0.2")
    assert site.run("plan", "-o", "plan.json").code == 0
    old = forget_base(site)
    without_cache(site, home)
    done = site.run("apply", "plan.json")
    assert done.code == 1
    assert f"✗ {EIGHT}  failed: {site.host}/{site.repository}/base" in done.out
    assert f"the base of the plan is gone: {old}" in done.out
    assert set(site.registry.tags(f"{site.repository}/vddk")) == {"8.0.1"}


def test_a_base_that_is_only_remembered_cannot_be_pushed(site: RegistrySite) -> None:
    """What it is, is in the cache; its layers are nowhere."""
    layer = site.skopeo.manifest(site.base)["layers"][0]["digest"]
    site.change(f"{site.repository}/vddk\n", f"{site.repository}/other\n")
    assert site.run("plan", "-o", "plan.json").code == 0
    old = forget_base(site)
    for link in site.registry.root.rglob(f"_layers/sha256/{layer.partition(':')[2]}/link"):
        link.unlink()
    site.registry.blob(layer).unlink()
    done = site.run("apply", "plan.json")
    assert done.code == 1
    assert f"the base of the plan is gone: {old}" in done.out
    assert site.registry.tags(f"{site.repository}/other") == {}


def test_a_plan_whose_base_is_gone_says_what_to_do(site: RegistrySite, home: Path) -> None:
    old = forget_base(site)
    without_cache(site, home)
    done = site.run("plan")
    assert done.code == 1
    assert f"the base that the image was last made on is gone: {old}" in done.err
    assert (
        f"pin the one that is there now (base: {site.host}/{site.base.name}@{site.base_digest})" in done.err
    )
    assert site.run("drift").out == "No drift.\n"
    site.change("base:small\n", "base:small\n    followBase: true\n")
    site.apply()


def test_without_a_record_the_base_that_the_image_names_has_to_be_in_the_declared_repository(
    site: RegistrySite,
) -> None:
    without_record(site)
    newer = site.move_base()
    elsewhere = At(site.registry, f"{site.repository}/elsewhere:small")
    site.skopeo.copy(site.base, elsewhere)
    site.change("/base:small", "/elsewhere:small")
    (change, _) = site.plan()["changes"]
    assert (change["reason"], change["image"]["baseDigest"]) == ("base-changed", newer)


def test_drift_is_told_without_the_registry_of_the_base(
    tmp_path: Path, own_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    site = make_registry_site(tmp_path / "site", own_registry, repository, vddkctl, skopeo)
    with serve_plain(tmp_path / "bases") as bases:
        skopeo.copy(site.base, At(bases, f"{repository}/base:small"))
        site.change(f"{site.host}/{repository}/base", f"{bases.host}/{repository}/base")
        site.apply()
    done = site.run("drift")
    assert (done.code, done.out) == (0, "No drift.\n")
    assert "Image vddk-8 cannot be made here, so it is compared with what was last applied" in done.err
    skopeo.copy(site.base, site.image)
    assert site.run("drift").code == 3
    assert "cannot read the tag small" in site.run("plan").err
