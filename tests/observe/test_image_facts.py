"""What is known of an image without its registry, and with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import Skopeo
from vddkctl.observe.versions import ImageLooks, by_reference
from vddkctl.places import Places

PINNED = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("reference", "digest", "version"),
    [
        (f"r.example.com/vddk@{PINNED}", PINNED, None),
        ("r.example.com/vddk:8.0.1-debug", None, "8.0.1"),
        ("r.example.com/vddk:v9.0.0.0", None, "9.0.0.0"),
        (f"r.example.com/vddk:7.0.3@{PINNED}", PINNED, "7.0.3"),
        ("r.example.com/vddk:latest", None, None),
        ("r.example.com/vddk:4.18.0", None, None),
        ("r.example.com/vddk:8.0.1.2.3.4", None, None),
    ],
)
def test_what_a_reference_tells(reference: str, digest: str | None, version: str | None) -> None:
    facts = by_reference(reference)
    assert (facts.digest, facts.version, facts.why) == (digest, version, "")
    assert facts.told_by == ("tag" if version else None)


def test_an_image_without_a_registry_is_told(tmp_path: Path) -> None:
    assert "names no registry" in ImageLooks(Places(tmp_path)).of(["vddk:8"])["vddk:8"].why


def test_a_registry_that_does_not_answer_is_told_and_the_digest_is_known(tmp_path: Path) -> None:
    image = f"127.0.0.1:9/vddk@{PINNED}"
    facts = ImageLooks(Places(tmp_path)).of([image])[image]
    assert facts.digest == PINNED
    assert facts.why


def test_the_image_itself_tells_its_version(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    site: RegistrySite = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    site.apply()
    name = f"{site.host}/{site.repository}/vddk"
    for image in (f"{name}:8.0.1", f"{name}@{site.digest}"):
        facts = ImageLooks(Places(tmp_path)).of([image])[image]
        assert (facts.digest, facts.version, facts.told_by, facts.why) == (
            site.digest,
            "8.0.1",
            "image",
            "",
        )
    absent = f"{site.host}/{site.repository}/vddk:6.7.0"
    assert ImageLooks(Places(tmp_path)).of([absent])[absent].why == "there is no such image"
