"""Indexes, platforms and the base: what is listed is there, is what it is listed as, and what the spec wants."""

from pathlib import Path
from typing import Any

import pytest

from tests.verify.made import (
    BASE,
    Layout,
    RawLayer,
    as_it_is,
    failures,
    file,
    only,
    program,
    said,
    tar,
    warnings,
    zipped,
)
from vddkctl.errors import RegistryError
from vddkctl.oci.annotations import BASE_DIGEST
from vddkctl.oci.config import Config
from vddkctl.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from vddkctl.oci.image import BaseImage
from vddkctl.oci.platform import Platform
from vddkctl.verify import ExpectedBase, Status

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
ARM_BASE = tar(file("bin/cp", program(183), 0o755))


def entry(descriptor: Descriptor, platform: Platform | None = AMD64, **more: Any) -> dict[str, Any]:
    named = {"platform": platform.to_json()} if platform else {}
    return {**descriptor.to_json(), **named, **more}


def one(layout: Layout, archive: Path, platform: Platform = AMD64, **more: Any) -> Descriptor:
    base = ARM_BASE if platform == ARM64 else BASE
    return layout.put(zipped(base), as_it_is(archive), platform=str(platform), tag=None, **more)


def test_an_arm_image_around_x86_libraries(layout: Layout, archive: Path) -> None:
    layout.index(entry(one(layout, archive)), entry(one(layout, archive, ARM64), ARM64))
    verification = layout.verify(archive)
    assert failures(verification) == ["platform"]
    check = only(verification, "platform")
    assert (check.subject, check.message) == (
        "linux/arm64",
        "the libraries are for x86_64, the image is for linux/arm64",
    )
    assert failures(layout.verify(archive, platform=AMD64)) == []


def test_an_entry_that_is_listed_for_another_platform(layout: Layout, archive: Path) -> None:
    layout.index(entry(one(layout, archive), ARM64))
    verification = layout.verify(archive)
    assert failures(verification) == ["platform"]
    assert (
        only(verification, "platform").message
        == "it is listed for linux/arm64, and its config says linux/amd64"
    )


def test_one_manifest_for_two_platforms(layout: Layout, archive: Path) -> None:
    image = one(layout, archive)
    layout.index(entry(image), entry(image, ARM64))
    verification = layout.verify(archive)
    assert verification.platforms == ("linux/amd64", "linux/arm64")
    assert [
        each.subject
        for each in verification.checks
        if each.check == "platform" and each.status is Status.FAIL
    ] == ["linux/arm64"]


def test_platforms_as_the_spec_wants_them(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    assert failures(layout.verify(archive, platforms=(AMD64,))) == []
    missing = layout.verify(archive, platforms=(AMD64, ARM64))
    assert failures(missing) == ["platform"]
    assert only(missing, "platform").message == "it is not for linux/arm64; it is for linux/amd64"
    layout.index(
        entry(one(layout, archive)),
        entry(one(layout, archive, Platform("linux", "amd64", "v2")), Platform("linux", "amd64", "v2")),
    )
    # An image for amd64 runs on amd64/v2; the other way round it does not.
    assert warnings(layout.verify(archive, platforms=(AMD64,))) == ["platform"]


def test_a_platform_that_is_not_there(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    verification = layout.verify(archive, platform=ARM64)
    assert failures(verification) == ["platform"]
    layout.index(entry(one(layout, archive)))
    verification = layout.verify(archive, platform=ARM64)
    assert only(verification, "platform").message == "it is not for linux/arm64; it is for linux/amd64"


def test_attestations_and_artifacts_beside_images(layout: Layout, archive: Path) -> None:
    attestation = entry(Descriptor(OCI_MANIFEST, "sha256:" + "1" * 64, 5), Platform("unknown", "unknown"))
    other = layout.put(tag=None, manifest={"artifactType": "application/x"})
    layout.index(entry(one(layout, archive)), attestation, entry(other, None))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["manifest"])
    assert "is listed, and is no image" in only(verification, "manifest", Status.WARN).message


def test_an_entry_that_is_gone_leaves_the_others(layout: Layout, archive: Path) -> None:
    gone = entry(Descriptor(OCI_MANIFEST, "sha256:" + "1" * 64, 5), ARM64)
    layout.index(entry(one(layout, archive)), gone)
    verification = layout.verify(archive)
    assert failures(verification) == ["manifest"]
    assert only(verification, "manifest").message == "there is no such manifest"
    assert said(verification, "libraries", Status.PASS)


def test_an_index_inside_an_index(layout: Layout, archive: Path) -> None:
    inner = layout.index(entry(one(layout, archive)), tag=None)
    layout.index(entry(inner, None))
    verification = layout.verify(archive)
    assert (failures(verification), verification.platforms) == ([], ("linux/amd64",))
    for _ in range(5):
        inner = layout.index(entry(inner, None))
    deep = layout.verify(archive, descriptor=inner)
    assert deep.platforms == ()
    assert not deep.holds


def test_an_index_of_nothing(layout: Layout, archive: Path) -> None:
    layout.index()
    verification = layout.verify(archive)
    assert not verification.holds
    assert only(verification, "index").message == "there is no image in it"


def test_thousands_of_entries_are_not_followed(layout: Layout, archive: Path) -> None:
    image = one(layout, archive)
    layout.index(*(entry(image, Platform("linux", "amd64", f"v{number}")) for number in range(2000)))
    verification = layout.verify(archive)
    assert only(verification, "index").message == "it lists more than 64 images; the others are not verified"
    assert len(verification.platforms) == 64


def test_an_index_of_another_type_than_it_is_named(layout: Layout, archive: Path) -> None:
    layout.index(entry(one(layout, archive), mediaType=OCI_INDEX))
    assert (
        only(layout.verify(archive), "index").message == f"it is named as {OCI_INDEX}, and is {OCI_MANIFEST}"
    )


def base_of(*layers: RawLayer, pinned: bool) -> ExpectedBase:
    config = Config(AMD64, tuple(layer.diff_id for layer in layers), (), {}, {})
    digest = "sha256:" + "2" * 64
    return ExpectedBase(
        "h.example/base:1", pinned, lambda platform, named: BaseImage(digest, digest, config, ())
    )


def test_the_base_is_told_by_what_its_layers_unpack_to(layout: Layout, archive: Path) -> None:
    from tests.verify.made import stored

    layout.put(stored(BASE), as_it_is(archive))
    verification = layout.verify(archive, base=base_of(zipped(BASE), pinned=True))
    assert (failures(verification), warnings(verification)) == ([], [])
    assert said(verification, "base") == ["its lower layers are those of h.example/base:1"]


@pytest.mark.parametrize("pinned", [True, False])
def test_another_base(layout: Layout, archive: Path, pinned: bool) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    verification = layout.verify(archive, base=base_of(zipped(ARM_BASE), pinned=pinned))
    assert (failures(verification) if pinned else warnings(verification)) == ["base"]
    # An image that says which one it stands on is held to that.
    layout.put(zipped(BASE), as_it_is(archive), annotations={BASE_DIGEST: "sha256:" + "2" * 64})
    verification = layout.verify(archive, base=base_of(zipped(ARM_BASE), pinned=pinned))
    assert failures(verification) == ["base"]


def test_fewer_layers_than_the_base_has(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    whole = base_of(zipped(BASE), as_it_is(archive), zipped(ARM_BASE), pinned=True)
    assert failures(layout.verify(archive, base=whole)) == ["base"]


def test_a_base_that_cannot_be_read_is_a_warning(layout: Layout, archive: Path) -> None:
    def refuse(platform: Platform, digest: str | None) -> BaseImage:
        raise RegistryError("the registry is away")

    layout.put(zipped(BASE), as_it_is(archive))
    verification = layout.verify(archive, base=ExpectedBase("h.example/base:1", True, refuse))
    assert (failures(verification), warnings(verification)) == ([], ["base"])
    assert (
        only(verification, "base", Status.WARN).message
        == "h.example/base:1 cannot be read: the registry is away"
    )


@pytest.mark.parametrize("os", ["linux", "unknown"])
def test_an_image_that_is_only_annotated_as_an_attestation_is_verified(
    layout: Layout, archive: Path, os: str
) -> None:
    """Runtimes do not read the annotation, and pull what is listed for their platform."""
    bad = layout.put(zipped(BASE), zipped(tar(file("x"))), tag=None)
    said_so = {"vnd.docker.reference.type": "attestation-manifest"}
    layout.index(entry(bad, Platform(os, "amd64"), annotations=said_so), entry(one(layout, archive)))
    assert "archive" in failures(layout.verify(archive))


def test_an_image_for_newer_processors_alone(layout: Layout, archive: Path) -> None:
    newer = Platform("linux", "amd64", "v3")
    layout.index(entry(one(layout, archive, newer), newer))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["platform"])
    assert "for newer processors alone" in only(verification, "platform", Status.WARN).message
    layout.index(entry(one(layout, archive), newer))
    assert warnings(layout.verify(archive)) == ["platform"]
    layout.index(entry(one(layout, archive, newer), newer), entry(one(layout, archive)))
    assert warnings(layout.verify(archive)) == []
