"""A machine without the archive, and images in layouts: the declared checksum stands for the file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable

import pytest

from tests.registry.samples import AMD64, ARM64, base_image
from tests.support.sites import EIGHT, SEVEN, SiteOnDisk
from vddkctl.errors import ArchiveError
from vddkctl.oci.assemble import index
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push


def declared(site: SiteOnDisk, name: str = "eight") -> str:
    sha256 = hashlib.sha256((site.root / f"{name}.tar.gz").read_bytes()).hexdigest()
    site.change("site.yaml", f"{{path: ./{name}.tar.gz}}", f"{{path: ./{name}.tar.gz, sha256: {sha256}}}")
    return sha256


def test_an_image_that_is_as_declared_needs_no_archive(applied: SiteOnDisk) -> None:
    declared(applied)
    (applied.root / "eight.tar.gz").unlink()
    plan = applied.plan()
    assert plan.changes == ()
    assert EIGHT in plan.unchanged
    (applied.gitops / ".vddkctl" / "frankfurt.record").unlink()
    assert applied.plan().changes == ()


def test_an_index_of_several_platforms_is_recognised(site: SiteOnDisk) -> None:
    bases = index([base_image(AMD64), base_image(ARM64)], {})
    push(LayoutRegistry(site.root), parse("oci:base:small"), bases, Silent())
    more = "platforms: [linux/amd64, linux/arm64]\n    allowPlatformMismatch: true"
    site.change("site.yaml", "    tag: 8.0.1\n", f"    tag: 8.0.1\n    {more}\n")
    assert site.apply().exit_code == 0
    declared(site)
    (site.root / "eight.tar.gz").unlink()
    assert site.plan().changes == ()


Damage = Callable[[SiteOnDisk], None]


def lose_the_layer(site: SiteOnDisk) -> None:
    blobs = site.root / "images" / "eight" / "blobs" / "sha256"
    max(blobs.iterdir(), key=lambda path: path.stat().st_size).unlink()


def lose_the_tag(site: SiteOnDisk) -> None:
    shutil.rmtree(site.root / "images" / "eight")


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lose_the_layer, "(incomplete): a part of what the tag names is missing"),
        (lose_the_tag, "(absent): the tag is not there"),
    ],
)
def test_what_is_not_as_declared_needs_it(applied: SiteOnDisk, damage: Damage, text: str) -> None:
    sha256 = declared(applied)
    (applied.root / "eight.tar.gz").unlink()
    damage(applied)
    with pytest.raises(ArchiveError) as caught:
        applied.plan()
    assert str(caught.value) == (
        f"{applied.root}/site.yaml:13:5: image vddk-8: {applied.root}/eight.tar.gz: there is no such file, and the image "
        f"has to be made {text}\n  bring the archive with sha256:{sha256} here"
    )
    assert {change.address for change in applied.plan(SEVEN).changes} == set()
