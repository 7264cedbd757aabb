from __future__ import annotations

import json
import re
from pathlib import Path

from msgspec.structs import replace

from tests.conftest import Golden, Vddkctl
from tests.registry.copies import artifact, attested, docker_image, put
from tests.registry.samples import AMD64, ARM64, Sample, base_image, pushed_base
from tests.support.fault_proxy import faults
from tests.support.running_registry import RunningRegistry
from tests.support.sites import SiteOnDisk
from vddkctl.demo.sample import make_archive
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import Blob, Content
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import Image
from vddkctl.oci.reference import parse


def vddk(root: Path) -> Image:
    image = Sample().image({AMD64: pushed_base(root)})
    assert isinstance(image, Image)
    return image


def settled(text: str) -> str:
    """Without what depends on the compressor: digests are numbered, sizes are left out."""
    seen: dict[str, int] = {}
    text = re.sub("[0-9a-f]{64}", lambda found: f"<{seen.setdefault(found[0], len(seen) + 1)}>", text)
    return re.sub(r"[0-9.]+ (bytes|kB)", "<size>", text)


def test_an_image_of_ours_and_one_of_another_tool(vddkctl: Vddkctl, tmp_path: Path, golden: Golden) -> None:
    put(tmp_path, parse("oci:here:ours"), vddk(tmp_path))
    put(tmp_path, parse("oci:here:theirs"), docker_image())
    put(tmp_path, parse("oci:here:both"), index([vddk(tmp_path), docker_image(), artifact()], {}))
    texts = []
    for words in (("ours", "-v"), ("theirs",), ("both",), ("both", "--platform", "linux/arm64")):
        tag, *options = words
        done = vddkctl("image", "inspect", f"oci:here:{tag}", *options)
        assert (done.code, done.err) == (0, "")
        texts.append(f"$ vddkctl image inspect {' '.join([f'oci:here:{tag}', *options])}\n{done.out}")
    golden("image-inspect.txt", settled("\n".join(texts)))


def test_the_same_as_data(vddkctl: Vddkctl, tmp_path: Path) -> None:
    image = vddk(tmp_path)
    put(tmp_path, parse("oci:here:1"), index([image, docker_image(), artifact()], {"a": "b"}))
    done = vddkctl("image", "inspect", "oci:here:1", "--output", "json")
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert set(data) == {"formatVersion", "reference", "digest", "mediaType", "images", "others", "manifest"}
    assert (data["formatVersion"], data["reference"]) == ("1.0", "oci:here:1")
    assert data["manifest"]["annotations"] == {"a": "b"}
    assert [other["digest"] for other in data["others"]] == [artifact().descriptor.digest]
    ours, theirs = data["images"]
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert (ours.pop("manifest"), ours.pop("config")) == (manifest, config)
    layers = manifest["layers"]
    assert ours == {
        "digest": image.descriptor.digest,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "platform": "linux/amd64",
        "size": image.size,
        "created": "2023-03-28T10:40:00Z",
        "user": "1001",
        "entrypoint": ["cp", "-r", "/vmware-vix-disklib-distrib", "/opt"],
        "cmd": None,
        "labels": config["config"]["Labels"],
        "base": {
            "name": "oci:./base:1",
            "digest": manifest["annotations"]["org.opencontainers.image.base.digest"],
        },
        "vddk": {
            "version": "8.0.1",
            "archiveSha256": layers[1]["digest"].removeprefix("sha256:"),
            "layer": layers[1]["digest"],
            "verbatim": True,
        },
        "layers": [{**layers[0], "vendor": False}, {**layers[1], "vendor": True}],
    }
    assert set(theirs) == {*ours, "manifest", "config"}
    assert theirs["vddk"] == {"version": None, "archiveSha256": None, "layer": None, "verbatim": None}
    assert (theirs["user"], theirs["cmd"], theirs["base"]) == (None, ["sh"], {"name": None, "digest": None})


def test_only_a_manifest_and_a_config_are_asked_for(
    vddkctl: Vddkctl, plain_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    image = vddk(tmp_path)
    put(tmp_path, parse(f"{plain_registry.host}/{repository}:1"), image)
    with faults(plain_registry) as proxy:
        done = vddkctl("image", "inspect", f"{proxy.host}/{repository}:1")
        asked = [f"{seen.method} {seen.path.removeprefix(f'/v2/{repository}/')}" for seen in proxy.requests()]
    assert (done.code, done.err) == (0, "")
    config = json.loads(image.manifest)["config"]["digest"]
    assert asked == [
        "HEAD manifests/1",
        f"GET manifests/{image.descriptor.digest}",
        f"GET blobs/{config}",
    ]


def test_the_archive_of_an_image_that_lost_its_annotations_is_known_by_its_labels(
    vddkctl: Vddkctl, tmp_path: Path
) -> None:
    image = vddk(tmp_path)
    data = {key: value for key, value in json.loads(image.manifest).items() if key != "annotations"}
    content = json.dumps(data).encode()
    descriptor = replace(image.descriptor, digest=digest_of(content), size=len(content))
    put(tmp_path, parse("oci:here:2"), replace(image, descriptor=descriptor, manifest=content))
    [seen] = json.loads(vddkctl("image", "inspect", "oci:here:2", "--output", "json").out)["images"]
    assert seen["vddk"]["verbatim"] is True
    assert seen["vddk"]["version"] == "8.0.1"


def test_a_normalised_layer_is_told_as_such(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    make_archive(applied.root / "eight.tar.gz", version="8.0.1", size=40_000, private=True)
    applied.apply()
    text = vddkctl("image", "inspect", "vddk-8", cwd=applied.root).out
    [layer] = [line for line in text.splitlines() if "vendor" in line]
    assert layer.endswith("the vendor's archive, normalised")
    [seen] = json.loads(vddkctl("image", "inspect", "vddk-8", "--output", "json", cwd=applied.root).out)[
        "images"
    ]
    assert seen["vddk"]["verbatim"] is False
    assert seen["layers"][-1]["vendor"] is True


def test_what_an_image_says_cannot_steer_a_terminal(vddkctl: Vddkctl, tmp_path: Path) -> None:
    image = base_image()
    config = json.loads(image.config)
    config["config"] |= {"User": "\x1b[2Jroot", "Labels": {"a\x1b[1A": "b\r"}, "Entrypoint": ["\x07"]}
    content = json.dumps(config | {"created": "\x1b]0;x"}).encode()
    blob = replace(image.blobs[-1].descriptor, digest=digest_of(content), size=len(content))
    manifest = json.dumps({**json.loads(image.manifest), "config": blob.to_json()}).encode()
    descriptor = replace(image.descriptor, digest=digest_of(manifest), size=len(manifest))
    blobs = (*image.blobs[:-1], Blob(blob, Content(content)))
    put(tmp_path, parse("oci:here:1"), Image(descriptor, manifest, content, blobs))
    done = vddkctl("image", "inspect", "-v", "oci:here:1")
    assert (done.code, done.err) == (0, "")
    assert done.out.isprintable() or {c for c in done.out if not c.isprintable()} == {"\n"}
    assert "root" in done.out


def test_what_is_no_image_is_told(vddkctl: Vddkctl, tmp_path: Path) -> None:
    put(tmp_path, parse("oci:here:1"), artifact())
    done = vddkctl("image", "inspect", "oci:here:1")
    assert (done.code, done.out) == (1, "")
    assert "of another artifact" in done.err


def test_a_platform_that_is_not_there(vddkctl: Vddkctl, tmp_path: Path) -> None:
    put(tmp_path, parse("oci:here:1"), attested())
    put(tmp_path, parse("oci:here:2"), base_image(ARM64))
    for tag, known in (("1", "linux/amd64, linux/arm64"), ("2", "linux/arm64")):
        done = vddkctl("image", "inspect", f"oci:here:{tag}", "--platform", "linux/s390x")
        assert (done.code, done.out) == (1, "")
        assert done.err.splitlines()[0].endswith("it is not for linux/s390x")
        assert done.err.splitlines()[1] == f"  it is for {known}; choose another one"
