"""skopeo and podman load what was exported, and push what is inspected, copied and joined here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.registry.copies import attested, place, put, reference_in, whole
from tests.registry.samples import AMD64, ARM64, Sample, base_image, pushed_base
from tests.registry.test_export import HERE, exported
from tests.support.registries import new_repository
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, Skopeo
from vddkctl.oci.assemble import index
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import Image
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.copy import copy
from vddkctl.registry.export.form import Format
from vddkctl.registry.found import found
from vddkctl.registry.inspected import inspect_image
from vddkctl.registry.joined import join, members

LIBRARY = "vmware-vix-disklib-distrib/lib64/libvixDiskLib.so"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """A VDDK image, in the layout ``here``."""
    image = Sample().image({AMD64: pushed_base(tmp_path)})
    assert isinstance(image, Image)
    put(tmp_path, HERE, image)
    return image


@pytest.mark.parametrize("form", list(Format))
def test_podman_loads_it_under_its_name(tmp_path: Path, image: Image, podman: Podman, form: Format) -> None:
    exported(tmp_path, form)
    podman("load", "--quiet", "-i", tmp_path / "image.tar")
    [seen] = json.loads(podman("image", "inspect", "harbor.example.com/migration/vddk:8.0.1"))
    assert seen["Id"] == digest_of(image.config).removeprefix("sha256:")
    assert (seen["User"], seen["Config"]["Entrypoint"][0]) == ("1001", "cp")
    with podman.files(seen["Id"]) as root:
        assert (root / LIBRARY).read_bytes()[:4] == b"\x7fELF"


def test_skopeo_takes_an_oci_archive_for_what_it_came_from(
    tmp_path: Path, image: Image, skopeo: Skopeo
) -> None:
    exported(tmp_path, Format.OCI)
    archive = f"oci-archive:{tmp_path}/image.tar"
    assert skopeo.inspect(archive)["Digest"] == image.descriptor.digest
    assert skopeo.inspect(f"{archive}:8.0.1")["Digest"] == image.descriptor.digest
    skopeo.copy(archive, f"oci:{tmp_path}/there:1")
    assert whole(tmp_path, parse("oci:there:1")).descriptor.digest == image.descriptor.digest


def test_skopeo_takes_every_platform_out_of_an_oci_archive(tmp_path: Path, skopeo: Skopeo) -> None:
    put(tmp_path, HERE, index([base_image(AMD64), base_image(ARM64)], {}))
    exported(tmp_path, Format.OCI)
    skopeo.copy(f"oci-archive:{tmp_path}/image.tar", f"oci:{tmp_path}/there:1", "--all")
    there = whole(tmp_path, parse("oci:there:1"))
    assert there.content == whole(tmp_path, HERE).content
    assert len(there.children) == 2


def test_skopeo_reads_a_docker_archive_to_its_last_byte(tmp_path: Path, image: Image, skopeo: Skopeo) -> None:
    exported(tmp_path, Format.DOCKER)
    archive = f"docker-archive:{tmp_path}/image.tar"
    assert skopeo.config(archive) == json.loads(image.config)
    skopeo.copy(archive, f"dir:{tmp_path}/there")
    for diff_id in json.loads(image.config)["rootfs"]["diff_ids"]:
        layer = tmp_path / "there" / diff_id.removeprefix("sha256:")
        assert digest_of(layer.read_bytes()) == diff_id


@pytest.mark.parametrize("form", ["--format=oci", "--format=v2s2"])
def test_what_podman_built_is_told_as_far_as_it_tells(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, podman: Podman, form: str
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "file").write_text("text")
    (context / "Dockerfile").write_text('FROM scratch\nCOPY file /\nUSER 107\nENTRYPOINT ["/file", "a b"]\n')
    podman.build(context, "localhost/x:1")
    digest = podman.push("localhost/x:1", At(plain_registry, f"{repository}:1"), form)
    reference = reference_in(plain_registry, repository)
    registry = place(tmp_path, reference)
    seen = inspect_image(registry, reference, found(registry, reference))
    assert seen.descriptor.digest == digest
    [image] = seen.images
    assert (image.config.runtime["User"], image.config.runtime["Entrypoint"]) == ("107", ["/file", "a b"])
    assert image.vendor.archive_sha256 is None
    assert image.labels["io.buildah.version"]
    other = reference_in(plain_registry, new_repository())
    assert copy(whole(tmp_path, reference), place(tmp_path, other), other, Silent()).digest == digest
    assert podman.pull(At(plain_registry, f"{other.path}:1")) == podman.pull(
        At(plain_registry, f"{repository}:1")
    )


def test_an_index_is_what_podman_makes_of_the_same_images(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, podman: Podman, skopeo: Skopeo
) -> None:
    names = []
    for platform in (AMD64, ARM64):
        reference = reference_in(plain_registry, repository, platform.architecture)
        put(tmp_path, reference, base_image(platform))
        names.append(reference)
    podman.create_index("localhost/m:1", *(At(plain_registry, f"{repository}:{name.tag}") for name in names))
    podman.push_index("localhost/m:1", At(plain_registry, f"{repository}:theirs"))
    ours = reference_in(plain_registry, repository, "ours")
    registry = place(tmp_path, ours)
    joined, _ = join(
        member for name in names for member in members(registry, name, found(registry, name), str(name))
    )
    copy(joined, registry, ours, Silent())

    def listed(tag: str) -> list[tuple[str, str, int]]:
        entries = skopeo.manifest(At(plain_registry, f"{repository}:{tag}"))["manifests"]
        return sorted((e["digest"], e["platform"]["architecture"], e["size"]) for e in entries)

    assert listed("ours") == listed("theirs")
    assert podman.pull(At(plain_registry, f"{repository}:ours")) == digest_of(
        base_image(AMD64).config
    ).removeprefix("sha256:")


def test_skopeo_reads_an_index_with_attestations_that_was_copied(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo
) -> None:
    put(tmp_path, HERE, attested())
    there = reference_in(plain_registry, repository)
    copied = copy(whole(tmp_path, HERE), place(tmp_path, there), there, Silent())
    skopeo.copy(At(plain_registry, f"{repository}:1"), f"dir:{tmp_path}/there", "--all")
    assert digest_of((tmp_path / "there/manifest.json").read_bytes()) == copied.digest
