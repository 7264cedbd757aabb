from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.conftest import Vddkctl
from tests.registry.copies import artifact, attested, docker_image, put, reference_in, whole
from tests.registry.samples import AMD64, ARM64, base_image
from tests.support.fault_proxy import faults
from tests.support.registries import new_repository
from tests.support.running_registry import RunningRegistry
from vddkctl.oci.assemble import index
from vddkctl.oci.digest import digest_of
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import parse

ALLOWED = ("--public-registry", "allow")
S390X = Platform("linux", "s390x")


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """``here`` with an image for each of three platforms."""
    for platform in (AMD64, ARM64, S390X):
        put(tmp_path, parse(f"oci:here:{platform.architecture}"), base_image(platform))
    return tmp_path


def test_an_index_over_images_of_several_places(
    vddkctl: Vddkctl, layout: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    there, elsewhere = reference_in(plain_registry, repository, "8.0.1"), new_repository()
    put(layout, reference_in(plain_registry, elsewhere), base_image(AMD64))
    done = vddkctl(
        "image",
        "index",
        str(there),
        "oci:here:s390x",
        f"{plain_registry.host}/{elsewhere}:1",
        "oci:here:arm64",
        *ALLOWED,
    )
    assert (done.code, done.err) == (0, "")
    made = whole(layout, there)
    listed = json.loads(made.content)["manifests"]
    assert [entry["platform"]["architecture"] for entry in listed] == ["amd64", "arm64", "s390x"]
    assert [entry["digest"] for entry in listed] == [
        base_image(platform).descriptor.digest for platform in (AMD64, ARM64, S390X)
    ]
    rows = done.out.splitlines()
    assert rows[:2] == [str(there), f"  digest  {made.descriptor.digest}"]
    assert rows[2:5] == [
        f"  images  linux/amd64   {listed[0]['digest']}",
        f"          linux/arm64   {listed[1]['digest']}",
        f"          linux/s390x   {listed[2]['digest']}",
    ]
    assert rows[5] == "  tag     8.0.1   new"
    assert plain_registry.tags(repository) == {"8.0.1": made.descriptor.digest}


def test_the_same_images_give_the_same_index(vddkctl: Vddkctl, layout: Path) -> None:
    first = json.loads(
        vddkctl("image", "index", "oci:there:1", "oci:here:arm64", "oci:here:amd64", "--output", "json").out
    )
    second = json.loads(
        vddkctl(
            "image",
            "index",
            "oci:there:2",
            "oci:here:amd64",
            "oci:there:1",
            "oci:here:arm64",
            "--output",
            "json",
        ).out
    )
    assert first["digest"] == second["digest"]
    assert [image["source"] for image in second["images"]] == ["oci:here:amd64", "oci:there:1"]
    assert set(first) == {
        *(
            "formatVersion",
            "destination",
            "digest",
            "mediaType",
            "tag",
            "before",
            "unchanged",
            "bytes",
            "images",
        )
    }
    assert set(first["images"][0]) == {"platform", "digest", "mediaType", "source"}
    again = json.loads(vddkctl("image", "index", "oci:there:1", "oci:there:2", "--output", "json").out)
    assert (again["unchanged"], again["before"]) == (True, first["digest"])


def test_of_an_index_the_images_are_taken_and_nothing_else(vddkctl: Vddkctl, layout: Path) -> None:
    put(layout, parse("oci:here:attested"), attested())
    done = vddkctl("image", "index", "oci:there:1", "oci:here:attested", "oci:here:s390x", "--output", "json")
    assert [(image["platform"], image["digest"]) for image in json.loads(done.out)["images"]] == [
        ("linux/amd64", base_image(AMD64).descriptor.digest),
        ("linux/arm64", docker_image().descriptor.digest),
        ("linux/s390x", base_image(S390X).descriptor.digest),
    ]


def test_what_all_images_say_of_themselves_the_index_says_too(vddkctl: Vddkctl, layout: Path) -> None:
    for platform, extra in ((AMD64, "a"), (ARM64, "b")):
        image = base_image(platform)
        data = {**json.loads(image.manifest), "annotations": {"version": "8.0.1", "only": extra}}
        content = json.dumps(data).encode()
        descriptor = replace(image.descriptor, digest=digest_of(content), size=len(content))
        put(layout, parse(f"oci:here:{extra}"), replace(image, descriptor=descriptor, manifest=content))
    assert vddkctl("image", "index", "oci:there:1", "oci:here:a", "oci:here:b").code == 0
    assert json.loads(whole(layout, parse("oci:there:1")).content)["annotations"] == {"version": "8.0.1"}


@pytest.mark.parametrize("variant", ["", "v8"])
def test_two_images_of_one_platform_are_refused(vddkctl: Vddkctl, layout: Path, variant: str) -> None:
    put(layout, parse("oci:here:other"), base_image(Platform("linux", "arm64", variant), content=b"other"))
    done = vddkctl("image", "index", "oci:there:1", "oci:here:arm64", "oci:here:amd64", "oci:here:other")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: two images are for linux/arm64")
    assert "oci:here:arm64 (sha256:" in done.err
    assert "oci:here:other (sha256:" in done.err
    assert not (layout / "there").exists()


def test_an_index_of_nothing_is_refused(vddkctl: Vddkctl, layout: Path) -> None:
    put(layout, parse("oci:here:empty"), index([artifact()], {}))
    done = vddkctl("image", "index", "oci:there:1", "oci:here:empty")
    assert (done.code, done.err) == (1, "Error: there is no image to put into the index\n")
    assert vddkctl("image", "index", "oci:there:1").code == 64


def test_images_of_the_same_registry_are_mounted_and_come_before_the_index(
    vddkctl: Vddkctl, layout: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    one, two = new_repository(), new_repository()
    put(layout, reference_in(plain_registry, one), base_image(AMD64))
    put(layout, reference_in(plain_registry, two), base_image(ARM64))
    with faults(plain_registry) as proxy:
        images = [f"{proxy.host}/{name}:1" for name in (one, two)]
        done = vddkctl(
            "image", "index", f"{proxy.host}/{repository}:1", *images, "--output", "json", *ALLOWED
        )
        puts = [seen.path.rpartition("/")[2] for seen in proxy.requests("PUT")]
    data = json.loads(done.out)
    assert data["bytes"]["sent"] == 0
    digests = [image["digest"] for image in data["images"]]
    assert puts == [*digests, data["digest"], "1"]
    assert plain_registry.manifests(repository) == {*digests, data["digest"]}
