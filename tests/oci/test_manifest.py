from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import ImageError
from vddkctl.oci.annotations import Origin, origin_of
from vddkctl.oci.config import parse_config
from vddkctl.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
)
from vddkctl.oci.digest import digest_of, hex_of, is_digest
from vddkctl.oci.document import MAX_SIZE, decode, encode
from vddkctl.oci.manifest import Index, Manifest, parse

DIGEST = "sha256:" + "ab" * 32
CONFIG = {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 7}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": DIGEST, "size": 9}
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": CONFIG,
    "layers": [LAYER],
}
ENTRY = {
    "mediaType": OCI_MANIFEST,
    "digest": DIGEST,
    "size": 5,
    "platform": {"os": "linux", "architecture": "amd64"},
}
INDEX: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [ENTRY]}


def written(data: Any) -> bytes:
    return json.dumps(data).encode()


def without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (MANIFEST, Manifest, OCI_MANIFEST),
        (without(MANIFEST, "mediaType"), Manifest, OCI_MANIFEST),
        (
            {**MANIFEST, "mediaType": DOCKER_MANIFEST, "config": {**CONFIG, "mediaType": DOCKER_CONFIG}},
            Manifest,
            DOCKER_MANIFEST,
        ),
        (INDEX, Index, OCI_INDEX),
        (without(INDEX, "mediaType"), Index, OCI_INDEX),
        ({**INDEX, "mediaType": DOCKER_INDEX}, Index, DOCKER_INDEX),
    ],
)
def test_manifests_and_indexes_of_both_families_are_read(data: Any, kind: type, media_type: str) -> None:
    document = parse(written(data))
    assert isinstance(document, kind)
    assert document.media_type == media_type


def test_what_a_manifest_says() -> None:
    document = parse(written({**MANIFEST, "annotations": {"a": "b"}}))
    assert isinstance(document, Manifest)
    assert document.config.to_json() == CONFIG
    assert [layer.to_json() for layer in document.layers] == [LAYER]
    assert document.annotations == {"a": "b"}


def test_what_an_index_says() -> None:
    features = {**ENTRY, "platform": {**ENTRY["platform"], "os.features": ["x"]}}  # type: ignore[dict-item]
    document = parse(written({**INDEX, "manifests": [features]}))
    assert isinstance(document, Index)
    assert [entry.to_json() for entry in document.manifests] == [ENTRY]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b"{",
            "the manifest is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            b"\xff",
            "the manifest is not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
        (b"[" * 100_000, "the manifest is not JSON: it is nested too deeply"),
        (b"[]", "the manifest is not a JSON object"),
        (b" " * (MAX_SIZE + 1), "the manifest is larger than 4 MiB"),
        (
            written({"schemaVersion": 1}),
            "the manifest is of Docker's first schema, which has no digests to rely on",
        ),
        (written({}), "the manifest has no schemaVersion 2"),
        (written({"schemaVersion": 2}), "the manifest has no mediaType, and could be two things"),
        (written({**MANIFEST, "mediaType": "text/html"}), '"text/html" is neither a manifest nor an index'),
        (written(without(MANIFEST, "layers")), 'the manifest has no list of "layers"'),
        (written({**INDEX, "manifests": {}}), 'the manifest has no list of "manifests"'),
        (written({**MANIFEST, "layers": [3]}), "a descriptor is not a JSON object"),
        (written({**MANIFEST, "config": without(CONFIG, "mediaType")}), "a descriptor has no mediaType"),
        (written({**MANIFEST, "layers": [{**LAYER, "digest": "../x"}]}), '"../x" is not a digest'),
        (written({**MANIFEST, "layers": [{**LAYER, "size": -1}]}), f"the descriptor of {DIGEST} has no size"),
        (
            written({**MANIFEST, "layers": [{**LAYER, "size": True}]}),
            f"the descriptor of {DIGEST} has no size",
        ),
        (written({**MANIFEST, "annotations": {"a": 1}}), "the manifest's annotations are not text by text"),
        (
            written(
                {**MANIFEST, "config": {**CONFIG, "mediaType": "application/vnd.cncf.helm.config.v1+json"}}
            ),
            (
                "the manifest is of another artifact "
                '("application/vnd.cncf.helm.config.v1+json"), not of a container image'
            ),
        ),
    ],
)
def test_what_is_no_image_is_refused_in_plain_words(content: bytes, what: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse(content, "here")
    assert caught.value.what == what
    assert caught.value.where == "here"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.sampled_from([*sorted(MANIFEST), "manifests"]), _json)
def test_any_value_in_a_manifest_is_read_or_refused(key: str, value: Any) -> None:
    for data in (MANIFEST, INDEX):
        with suppress(ImageError):
            assert parse(written({**data, key: value})).media_type


@given(st.sampled_from(["os", "architecture", "variant", "rootfs", "history", "config"]), _json)
def test_any_value_in_a_config_is_read_or_refused(key: str, value: Any) -> None:
    data = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"diff_ids": [DIGEST]},
        "history": [],
        "config": {},
    }
    with suppress(ImageError):
        assert parse_config(written({**data, key: value})).platform.os


@given(st.dictionaries(st.text(max_size=8), _json, max_size=5))
def test_canonical_bytes_do_not_depend_on_order_and_keep_the_meaning(data: dict[str, Any]) -> None:
    content = encode(data)
    assert content == encode(dict(reversed(data.items())))
    assert decode(content, "it") == data


def test_canonical_bytes_are_compact_sorted_utf_8() -> None:
    assert (
        encode({"b": [1, {"z": None, "a": "é"}], "a": True})
        == '{"a":true,"b":[1,{"a":"é","z":null}]}'.encode()
    )


@pytest.mark.parametrize("value", ["\ud800", float("nan")])
def test_what_json_cannot_say_is_not_written(value: Any) -> None:
    with pytest.raises(ImageError, match="cannot be written"):
        encode({"a": value})


def test_digests() -> None:
    digest = digest_of(b"abc")
    assert digest == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert is_digest(digest)
    assert hex_of(digest) == digest[7:]
    assert not any(
        map(is_digest, ["sha256:" + "AB" * 32, "ab" * 32, digest + "\n", "sha512:" + "ab" * 64, None, 3])
    )


@pytest.mark.parametrize(
    ("annotations", "origin"),
    [
        (
            {"dev.vddkctl.archive.sha256": "ab" * 32, "org.opencontainers.image.base.digest": DIGEST},
            Origin("ab" * 32, DIGEST),
        ),
        ({"org.opencontainers.image.base.digest": DIGEST}, Origin(None, DIGEST)),
        (
            {"dev.vddkctl.archive.sha256": "no digest", "org.opencontainers.image.base.digest": "neither"},
            Origin(),
        ),
        (None, Origin()),
        (["no", "object"], Origin()),
    ],
)
def test_an_image_of_any_tool_says_where_it_comes_from_or_nothing(annotations: Any, origin: Origin) -> None:
    assert origin_of(written({**MANIFEST, "annotations": annotations})) == origin


def test_what_is_no_json_comes_from_nowhere() -> None:
    assert origin_of(b"<html>") == Origin()
