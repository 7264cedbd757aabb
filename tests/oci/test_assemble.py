from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.registry.samples import AMD64, ARM64, tarball
from vddkctl.errors import ImageError
from vddkctl.oci.assemble import Addition, assemble, index
from vddkctl.oci.config import Config
from vddkctl.oci.descriptor import (
    DOCKER_LAYER_GZIP,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    Blob,
    Content,
    Descriptor,
)
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import BaseImage, Image, scratch
from vddkctl.oci.platform import Platform, parse_platform

DIFF_IDS = ("sha256:" + "11" * 32, "sha256:" + "22" * 32)
OWN = "sha256:" + "33" * 32
CREATED = "2023-03-28T10:40:00Z"


def blob(content: bytes, media_type: str = OCI_LAYER_GZIP) -> Blob:
    return Blob(Descriptor(media_type, digest_of(content), len(content)), Content(content))


def addition(**changed: Any) -> Addition:
    return replace(Addition(blob(tarball({"a": b"b"})), OWN, CREATED, "a test"), **changed)


def base(*types: str, platform: Platform = AMD64, **config: Any) -> BaseImage:
    layers = tuple(blob(str(number).encode(), kind) for number, kind in enumerate(types))
    known = Config(platform, DIFF_IDS[: len(types)], (), {}, {})
    return BaseImage("sha256:" + "44" * 32, None, replace(known, **config), layers)


def config_of(image: Image) -> Any:
    return json.loads(image.config)


def test_the_config_starts_from_the_bases_and_takes_what_is_added() -> None:
    below = base(
        OCI_LAYER_GZIP,
        runtime={
            "Env": ["A=1"],
            "Cmd": ["sh"],
            "WorkingDir": "/srv",
            "Labels": {"a": "1", "b": "1"},
            "Hostname": "x",
        },
        extra={
            "created": "2020-01-01T00:00:00Z",
            "container": "abc",
            "docker_version": "20",
            "os.version": "9",
        },
        history=({"created_by": "below"}, {"created_by": "nothing", "empty_layer": True}),
    )
    above = addition(
        runtime={"User": "1001", "Entrypoint": ["cp"], "Cmd": None}, annotations={"b": "2", "c": "3"}
    )
    assert config_of(assemble(below, above, AMD64)) == {
        "architecture": "amd64",
        "os": "linux",
        "os.version": "9",
        "created": CREATED,
        "config": {
            "Env": ["A=1"],
            "WorkingDir": "/srv",
            "User": "1001",
            "Entrypoint": ["cp"],
            "Labels": {"a": "1", "b": "2", "c": "3"},
        },
        "rootfs": {"type": "layers", "diff_ids": [DIFF_IDS[0], OWN]},
        "history": [
            {"created_by": "below"},
            {"created_by": "nothing", "empty_layer": True},
            {"created": CREATED, "created_by": "a test"},
        ],
    }


def test_the_manifest_names_the_config_and_all_layers_in_order() -> None:
    above = addition(annotations={"a": "b"})
    image = assemble(base(OCI_LAYER_GZIP, OCI_LAYER_ZSTD), above, AMD64)
    manifest = json.loads(image.manifest)
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["annotations"] == {"a": "b"}
    assert manifest["config"]["digest"] == digest_of(image.config)
    assert [layer["mediaType"] for layer in manifest["layers"]] == [
        OCI_LAYER_GZIP,
        OCI_LAYER_ZSTD,
        OCI_LAYER_GZIP,
    ]
    assert manifest["layers"][-1]["digest"] == above.layer.descriptor.digest
    assert image.descriptor.digest == digest_of(image.manifest)
    assert image.descriptor.size == len(image.manifest)
    named = {manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
    assert {item.descriptor.digest for item in image.blobs} == named


def test_dockers_layer_types_become_the_ocis_and_the_bytes_stay() -> None:
    below = base(DOCKER_LAYER_GZIP)
    layer = json.loads(assemble(below, addition(), AMD64).manifest)["layers"][0]
    assert layer == {**below.layers[0].descriptor.to_json(), "mediaType": OCI_LAYER_GZIP}


@pytest.mark.parametrize(
    ("media_type", "what"),
    [
        (
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "is kept by its vendor alone, and cannot be copied",
        ),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "is kept by its vendor alone, and cannot be copied",
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            'is of type "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", and cannot be copied',
        ),
    ],
)
def test_a_layer_that_cannot_be_copied_is_refused(media_type: str, what: str) -> None:
    below = base(media_type)
    with pytest.raises(ImageError) as caught:
        assemble(below, addition(), AMD64)
    assert caught.value.what == f"the base's layer {below.layers[0].descriptor.digest} {what}"


def test_a_base_for_another_platform_is_refused() -> None:
    with pytest.raises(ImageError, match=r"^the base is for linux/arm64, not for linux/amd64$"):
        assemble(base(OCI_LAYER_GZIP, platform=ARM64), addition(), AMD64)


def test_a_base_whose_config_does_not_know_its_layers_is_refused() -> None:
    with pytest.raises(ImageError, match=r"^the base has 1 layers, and its config knows 0 of them$"):
        assemble(base(OCI_LAYER_GZIP, diff_ids=()), addition(), AMD64)


def test_labels_that_are_not_text_are_refused() -> None:
    with pytest.raises(ImageError, match=r"^the base's labels are not text by text$"):
        assemble(base(OCI_LAYER_GZIP, runtime={"Labels": ["a"]}), addition(), AMD64)


@pytest.mark.parametrize(
    "history", [(), ({"created_by": "a"},), ({"empty_layer": True}, {"empty_layer": True})]
)
def test_a_history_that_does_not_fit_the_layers_is_written_anew(history: Any) -> None:
    image = assemble(base(OCI_LAYER_GZIP, OCI_LAYER_GZIP, history=history), addition(), AMD64)
    assert [entry["created_by"] for entry in config_of(image)["history"]] == [
        f"base layer {DIFF_IDS[0]}",
        f"base layer {DIFF_IDS[1]}",
        "a test",
    ]


@pytest.mark.parametrize(
    ("wanted", "offered", "became"),
    [
        ("linux/amd64", "linux/amd64", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64", "linux/amd64/v2"),
        ("linux/arm64", "linux/arm64/v8", "linux/arm64/v8"),
    ],
)
def test_the_platform_is_what_was_asked_for_with_the_bases_variant_if_none_was(
    wanted: str, offered: str, became: str
) -> None:
    image = assemble(scratch(parse_platform(offered)), addition(), parse_platform(wanted))
    platform = parse_platform(became).to_json()
    assert image.descriptor.platform == platform
    assert config_of(image).items() >= platform.items()


def test_an_index_names_each_image_and_its_platform() -> None:
    images = [assemble(scratch(platform), addition(), platform) for platform in (AMD64, ARM64)]
    joined = index(images, {"a": "b"})
    assert json.loads(joined.manifest) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [image.descriptor.to_json() for image in images],
        "annotations": {"a": "b"},
    }
    assert joined.descriptor.digest == digest_of(joined.manifest)


def test_a_size_counts_shared_blobs_once() -> None:
    one, two = (assemble(scratch(platform), addition(), platform) for platform in (AMD64, ARM64))
    joined = index([one, two], {})
    layer = addition().layer.descriptor.size
    assert one.size == layer + len(one.config)
    assert joined.size == layer + len(one.config) + len(two.config)
    assert [item.descriptor.digest for item in joined.all_blobs] == list(
        dict.fromkeys(item.descriptor.digest for item in (*one.blobs, *two.blobs))
    )
