"""An image that vddkctl has made, and nobody has touched since, verifies: whatever the archive and the base are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.sites import make_site
from tests.verify.made import (
    BASE,
    ROOT,
    Layout,
    ended,
    failures,
    file,
    only,
    said,
    vendor_archive,
    warnings,
    zipped,
)
from vddkctl.build.archive import inspect
from vddkctl.build.layer import layer_of
from vddkctl.build.native import build
from vddkctl.demo.archive_writer import Item
from vddkctl.oci.platform import parse_platform
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
from vddkctl.registry.read import read_base
from vddkctl.verify import Status

CHECKS = ["platform", "archive", "links", "libraries", "access", "user", "entrypoint", "program", "secrets"]


def push_image(root: Path, archive: Path, *platforms: str) -> Layout:
    """Build as the native builder does, on a base for each platform."""
    layout = Layout(root)
    wanted = [parse_platform(text) for text in platforms or ("linux/amd64",)]
    registry = LayoutRegistry(root)
    bases = {}
    for platform in wanted:
        layout.put(zipped(BASE), platform=f"linux/{platform.architecture}", tag="base")
        bases[platform] = read_base(registry, parse("oci:images:base"), platform)
    facts = inspect(archive, progress=Silent())
    layer, source = layer_of(archive, facts, None, Silent())
    push(registry, layout.reference, build(facts, layer, source, wanted, bases, ""), Silent())
    return layout


@pytest.mark.parametrize(
    "sample",
    [
        {},
        {"odd": False},
        {"private": True},
        {"lib32": True},
        {"version": "7.0.3"},
        {"version": "9.0.0.0"},
        {"private": True, "lib32": True, "version": "9.0.1.0"},
    ],
    ids=str,
)
def test_with_the_archive_at_hand(tmp_path: Path, sample: Mapping[str, Any]) -> None:
    archive = vendor_archive(tmp_path, **sample)
    layout = push_image(tmp_path, archive)
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert {*CHECKS} < {*ended(verification, Status.PASS)}
    assert verification.versions == (sample.get("version", "8.0.1"),)
    assert verification.platforms == ("linux/amd64",)


def test_by_the_checksum_alone(tmp_path: Path, archive: Path) -> None:
    layout = push_image(tmp_path, archive)
    verification = layout.verify(sha256=inspect(archive, progress=Silent()).sha256)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert "is the vendor's archive itself" in said(verification, "archive")[0]


def test_without_anything_to_hold_it_against(tmp_path: Path, archive: Path) -> None:
    verification = push_image(tmp_path, archive).verify()
    assert (failures(verification), warnings(verification)) == ([], ["archive"])
    check = only(verification, "archive", Status.WARN)
    assert check.message.startswith("not proven: it has VDDK in sha256:")
    assert f"made of the archive sha256:{inspect(archive, progress=Silent()).sha256}" in check.message
    assert "--archive FILE" in check.hint


def test_a_site_as_it_is_applied(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site")
    site.apply()
    layout = Layout(site.root, parse("oci:images/eight:8.0.1"))
    verification = layout.verify(site.root / "eight.tar.gz")
    assert (failures(verification), warnings(verification)) == ([], [])
    other = layout.verify(site.root / "seven.tar.gz")
    assert failures(other) == ["archive"]
    assert "libvixDiskLib.so.7.0.3 is missing" in only(other, "archive").message


def test_every_platform_of_an_index_and_each_layer_once(tmp_path: Path, archive: Path) -> None:
    read: list[str] = []

    class Counting(LayoutRegistry):
        def open_blob(self, reference: Any, descriptor: Any) -> Any:
            read.append(descriptor.digest)
            return super().open_blob(reference, descriptor)

    class CountingLayout(Layout):
        @property
        def registry(self) -> LayoutRegistry:
            return Counting(self.root)

    push_image(tmp_path, archive, "linux/amd64", "linux/amd64/v2")
    verification = CountingLayout(tmp_path).verify(archive)
    assert failures(verification) == []
    assert verification.platforms == ("linux/amd64", "linux/amd64/v2")
    assert [each.subject for each in verification.checks if each.check == "archive"] == [
        *verification.platforms
    ]
    assert len(said(verification, "index")) == 1
    assert len(said(verification, "layer")) == 2
    assert sorted(read) == sorted(set(read))


names = st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FFF), min_size=1, max_size=12)


@given(
    extra=st.dictionaries(names, st.binary(max_size=600), max_size=4),
    modes=st.lists(st.sampled_from([0o600, 0o640, 0o644, 0o755, 0o4711]), min_size=4, max_size=4),
    private=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
def test_whatever_else_lies_in_the_archive(
    tmp_path_factory: pytest.TempPathFactory, extra: dict[str, bytes], modes: list[int], private: bool
) -> None:
    root = tmp_path_factory.mktemp("any")

    def more(items: list[Item]) -> list[Item]:
        files = [
            file(f"{ROOT}/doc/{name}", data, mode)
            for (name, data), mode in zip(extra.items(), modes, strict=False)
        ]
        return [*items, *files]

    archive = vendor_archive(root, more, private=private)
    verification = push_image(root, archive).verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])
