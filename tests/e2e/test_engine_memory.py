"""What is remembered of an image that an engine has built, and that the image itself has the last word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.engine_sites import EngineSite
from tests.support.registry_sites import make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, Skopeo
from vddkctl.oci.annotations import BASES, INPUTS

NO_CHANGES = "No changes: 3 addresses are as declared.\n"


@pytest.fixture
def site(
    tmp_path: Path,
    plain_registry: RunningRegistry,
    repository: str,
    vddkctl: Vddkctl,
    skopeo: Skopeo,
    podman: Podman,
) -> EngineSite:
    made = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    return EngineSite(made, podman)


def _labels(site: EngineSite, tag: str = "8.0.1") -> dict[str, str]:
    at = At(site.site.registry, f"{site.site.repository}/vddk:{tag}")
    labels: dict[str, str] = site.site.skopeo.inspect(at)["Labels"]
    return labels


def test_after_a_rollback_the_spec_is_what_the_next_apply_brings_back(site: EngineSite) -> None:
    site.with_dockerfile("ENV COLOUR=red")
    site.apply()
    red = site.site.digest
    site.dockerfile.write_text(site.dockerfile.read_text().replace("red", "blue"))
    site.apply()
    blue = _labels(site)[INPUTS]
    done = site.run("rollback", "1", "--auto-approve")
    assert done.code == 0, done.out + done.err
    assert site.site.digest == red
    planned = site.run("plan")
    assert "inputs-changed" in planned.out
    assert "build     with podman, ./own.dockerfile" in planned.out
    site.apply()
    assert _labels(site)[INPUTS] == blue
    assert "COLOUR=blue" in site.site.skopeo.config(site.site.image)["config"]["Env"]
    assert site.run("plan").out.endswith(NO_CHANGES)


def test_an_image_stays_on_its_base_when_another_hand_has_overwritten_its_tag(site: EngineSite) -> None:
    site.apply()
    digest = site.site.digest
    site.site.move_base()
    site.site.skopeo.copy(site.site.base, site.site.image)
    drift = site.run("drift")
    assert drift.code == 3
    assert "known after apply" not in drift.out
    assert "none: the image is still there, and gets its tag back" in site.run("plan").out
    site.apply()
    assert site.site.digest == digest


@pytest.mark.parametrize("own", [False, True])
def test_another_tag_is_no_reason_for_another_base(site: EngineSite, own: bool) -> None:
    if own:
        site.with_dockerfile("ENV COLOUR=red")
    site.apply()
    bases = _labels(site)[BASES]
    site.site.move_base()
    site.tag("other")
    assert "[base-moved]" in site.run("plan").out
    site.apply()
    assert _labels(site, "other")[BASES] == bases


def test_the_base_of_the_usual_dockerfile_is_known_even_when_the_image_is_gone(site: EngineSite) -> None:
    site.apply()
    bases = _labels(site)[BASES]
    site.site.move_base()
    site.site.skopeo.delete(site.site.image)
    site.apply()
    assert _labels(site)[BASES] == bases
