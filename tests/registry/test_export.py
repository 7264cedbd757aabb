from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.registry.copies import artifact, attested, docker_image, place, put, reference_in, whole
from tests.registry.samples import AMD64, ARM64, base_image
from tests.support.fault_proxy import faults
from tests.support.lies import OtherBytes
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Blob,
    Content,
    Descriptor,
)
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import encode
from vddkctl.oci.image import Image
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Silent
from vddkctl.registry.copy import copy
from vddkctl.registry.export.archive import Exported, chosen, export
from vddkctl.registry.export.file import new_file
from vddkctl.registry.export.form import Format
from vddkctl.registry.export.oci_archive import write_oci_archive
from vddkctl.registry.found import found
from vddkctl.registry.layout_files import told

HERE = parse("oci:here:1")
NAME = parse("harbor.example.com/migration/vddk:8.0.1")


def exported(
    root: Path,
    form: Format,
    *,
    source: Reference = HERE,
    platform: Platform | None = None,
    name: Reference | None = NAME,
    target: str = "image.tar",
    overwrite: bool = False,
) -> Exported:
    registry = place(root, source)
    image = chosen(registry, source, found(registry, source), form, platform)
    return export(image, name, form, root / target, Silent(), overwrite=overwrite)


def entries(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        names = archive.getnames()
        assert len(names) == len(set(names))
        streams = {name: archive.extractfile(name) for name in names}
        return {name: stream.read() for name, stream in streams.items() if stream}


def image_of(*layers: tuple[str, bytes], diff_ids: list[str]) -> Image:
    """An image of any layers, with a config that says anything of them."""
    config = encode(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    )
    blobs = [
        Blob(Descriptor(media_type, digest_of(content), len(content)), Content(content))
        for media_type, content in ((OCI_CONFIG, config), *layers)
    ]
    described = [blob.descriptor.to_json() for blob in blobs]
    manifest = encode(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described[0], "layers": described[1:]}
    )
    return Image(Descriptor(OCI_MANIFEST, digest_of(manifest), len(manifest)), manifest, config, tuple(blobs))


def nothing_is_left(root: Path) -> bool:
    return {path.name for path in root.iterdir()} <= {"here", "there", "own-registry"}


def test_an_oci_archive_is_a_layout_with_everything_in_it(tmp_path: Path) -> None:
    image = attested()
    put(tmp_path, HERE, image)
    done = exported(tmp_path, Format.OCI)
    assert (done.digest, done.size) == (image.descriptor.digest, (tmp_path / "image.tar").stat().st_size)
    (tmp_path / "unpacked").mkdir()
    with tarfile.open(tmp_path / "image.tar") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    back, again = parse("oci:unpacked:8.0.1"), parse("oci:again:1")
    original = whole(tmp_path, HERE)
    copied = copy(whole(tmp_path, back), place(tmp_path, again), again, Silent())
    assert copied.digest == original.descriptor.digest
    assert [(each.descriptor.digest, each.content) for each in whole(tmp_path, again).documents] == [
        (each.descriptor.digest, each.content) for each in original.documents
    ]
    for name, content in entries(tmp_path / "image.tar").items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


def test_an_archive_tells_the_name_to_all_who_look_for_one(tmp_path: Path) -> None:
    put(tmp_path, HERE, base_image())
    exported(tmp_path, Format.OCI)
    exported(tmp_path, Format.DOCKER, target="docker.tar")
    [entry] = json.loads(entries(tmp_path / "image.tar")["index.json"])["manifests"]
    assert entry["annotations"] == {
        "org.opencontainers.image.ref.name": "8.0.1",
        "io.containerd.image.name": "harbor.example.com/migration/vddk:8.0.1",
    }
    [image] = json.loads(entries(tmp_path / "docker.tar")["manifest.json"])
    assert image["RepoTags"] == ["harbor.example.com/migration/vddk:8.0.1"]


@pytest.mark.parametrize("name", [None, NAME.with_digest(digest_of(b"")), parse("oci:./images:8.0.1")])
def test_without_a_name_in_a_registry_a_docker_archive_has_none(
    tmp_path: Path, name: Reference | None
) -> None:
    put(tmp_path, HERE, base_image())
    exported(tmp_path, Format.DOCKER, name=name)
    [image] = json.loads(entries(tmp_path / "image.tar")["manifest.json"])
    assert image["RepoTags"] == []


@pytest.mark.parametrize("image", [base_image(), docker_image()], ids=["OCI", "Docker"])
def test_a_docker_archive_has_the_config_as_it_is_and_layers_unpacked(tmp_path: Path, image: Image) -> None:
    put(tmp_path, HERE, image)
    done = exported(tmp_path, Format.DOCKER)
    assert done.digest == image.descriptor.digest
    found = entries(tmp_path / "image.tar")
    [told] = json.loads(found.pop("manifest.json"))
    config = found.pop(told["Config"])
    assert told["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    diff_ids = json.loads(config)["rootfs"]["diff_ids"]
    assert [f"sha256:{hashlib.sha256(found[name]).hexdigest()}" for name in told["Layers"]] == diff_ids
    assert len(diff_ids) == len(found) == 1


@pytest.mark.parametrize("form", list(Format))
def test_the_same_image_gives_the_same_file(tmp_path: Path, form: Format) -> None:
    put(tmp_path, HERE, base_image())
    exported(tmp_path, form)
    os.utime(tmp_path / "here/index.json", (1, 1))
    exported(tmp_path, form, target="again.tar")
    assert (tmp_path / "image.tar").read_bytes() == (tmp_path / "again.tar").read_bytes()
    with tarfile.open(tmp_path / "image.tar") as archive:
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.mode) for entry in archive} == {
            (0, 0, 0, "", 0o644)
        }


def test_layers_in_every_compression_that_is_usual_are_unpacked(tmp_path: Path) -> None:
    plain = os.urandom(3_000_000)
    packed = gzip.compress(plain[:1_000_000]) + gzip.compress(plain[1_000_000:]) + bytes(512)
    layers = [
        (OCI_LAYER, plain),
        (OCI_LAYER_GZIP, packed),  # two members, and padding behind them
        (OCI_LAYER_GZIP, plain[:5]),  # it is not what its type says: other tools look at the bytes, too
        (OCI_LAYER, b""),
    ]
    diff_ids = [digest_of(content) for content in (plain, plain, plain[:5], b"")]
    put(tmp_path, HERE, image_of(*layers, diff_ids=diff_ids))
    exported(tmp_path, Format.DOCKER)
    found = entries(tmp_path / "image.tar")
    [told] = json.loads(found["manifest.json"])
    assert [digest_of(found[name]) for name in told["Layers"]] == diff_ids
    assert told["Layers"][0] == told["Layers"][1]  # one file for what is twice in the image
    assert len(found) == 5


DAMAGED = gzip.compress(os.urandom(5000), mtime=0)

BAD: list[tuple[str, list[tuple[str, bytes]], list[str], str]] = [
    (
        "another diff ID",
        [(OCI_LAYER_GZIP, gzip.compress(b"a", mtime=0))],
        [digest_of(b"b")],
        "it unpacks to sha256:ca978112",
    ),
    ("no end", [(OCI_LAYER_GZIP, DAMAGED[:-9])], [digest_of(b"a")], "its gzip stream is damaged"),
    (
        "a wrong checksum",
        [(OCI_LAYER_GZIP, DAMAGED[:-8] + bytes(8))],
        [digest_of(b"a")],
        "its gzip stream is damaged",
    ),
    (
        "broken inside",
        [(OCI_LAYER_GZIP, b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 90)],
        [digest_of(b"a")],
        "its gzip stream is damaged",
    ),
    ("zstd", [(OCI_LAYER, b"\x28\xb5\x2f\xfd" + bytes(50))], [digest_of(b"a")], "it is compressed with zstd"),
    ("too few diff IDs", [(OCI_LAYER, b"a")], [], "it knows 0 of the image's 1 layers"),
]


@pytest.mark.parametrize(
    ("layers", "diff_ids", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_an_image_that_does_not_fit_together_gives_no_file(
    tmp_path: Path, layers: list[tuple[str, bytes]], diff_ids: list[str], said: str
) -> None:
    put(tmp_path, HERE, image_of(*layers, diff_ids=diff_ids))
    with pytest.raises(ImageError, match=said):
        exported(tmp_path, Format.DOCKER)
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize("form", list(Format))
def test_a_registry_that_lies_about_a_layer_gives_no_file(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, form: Format
) -> None:
    image = base_image()
    put(tmp_path, reference_in(plain_registry, repository), image)
    layer = image.blobs[0].descriptor.digest
    # In the name of the gzip stream: what it unpacks to stays the same.
    with (
        faults(plain_registry, OtherBytes("GET", f"/blobs/{layer}", at=9)) as proxy,
        pytest.raises(RegistryError, match=f"its bytes are of sha256:[0-9a-f]+, not of {layer}"),
    ):
        exported(tmp_path, form, source=reference_in(proxy.front, repository))
    assert nothing_is_left(tmp_path)


def test_one_platform_alone(tmp_path: Path) -> None:
    image = index([base_image(AMD64), base_image(ARM64, content=b"other")], {})
    put(tmp_path, HERE, image)
    assert exported(tmp_path, Format.OCI).digest == image.descriptor.digest
    for form in Format:
        done = exported(tmp_path, form, platform=ARM64, overwrite=True)
        assert done.digest == image.images[1].descriptor.digest
    assert len(entries(tmp_path / "image.tar")) == 3


def test_a_docker_archive_of_several_platforms_is_refused(tmp_path: Path) -> None:
    put(tmp_path, HERE, index([base_image(AMD64), base_image(ARM64)], {}))
    with pytest.raises(ImageError) as told:
        exported(tmp_path, Format.DOCKER)
    assert str(told.value) == (
        "oci:here:1: it is for linux/amd64, linux/arm64, and a docker-archive holds one image\n"
        "  choose one with --platform, or take --format oci-archive"
    )
    assert nothing_is_left(tmp_path)


def test_the_only_image_of_an_index_needs_no_platform(tmp_path: Path) -> None:
    image = base_image()
    attestation = artifact()
    unknown = replace(attestation.descriptor, platform={"os": "unknown", "architecture": "unknown"})
    put(tmp_path, HERE, index([image, replace(attestation, descriptor=unknown)], {}))
    assert exported(tmp_path, Format.DOCKER).digest == image.descriptor.digest


def test_a_file_that_is_there_stays_unless_it_is_said(tmp_path: Path) -> None:
    put(tmp_path, HERE, base_image())
    (tmp_path / "image.tar").write_text("mine")
    with pytest.raises(RegistryError, match="there is a file already, and it stays as it is"):
        exported(tmp_path, Format.OCI)
    assert (tmp_path / "image.tar").read_text() == "mine"
    exported(tmp_path, Format.OCI, overwrite=True)
    assert "index.json" in entries(tmp_path / "image.tar")


def test_a_file_that_comes_to_be_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "image.tar"
    with pytest.raises(RegistryError, match="there is a file already"), new_file(target, overwrite=False):
        target.write_text("theirs")
    assert (target.read_text(), list(tmp_path.iterdir())) == ("theirs", [target])


@pytest.mark.parametrize("target", ["here", "pipe"])
def test_what_is_no_file_is_never_written_over(tmp_path: Path, target: str) -> None:
    put(tmp_path, HERE, base_image())
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RegistryError, match="it is there, and it is no file"):
        exported(tmp_path, Format.OCI, target=target, overwrite=True)
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    put(tmp_path, HERE, base_image())
    with pytest.raises(RegistryError, match="gone: there is no such folder"):
        exported(tmp_path, Format.OCI, target="gone/image.tar")


def test_a_full_disk_is_told_in_plain_words(tmp_path: Path) -> None:
    put(tmp_path, HERE, base_image())
    with (
        Path("/dev/full").open("wb") as full,
        pytest.raises(RegistryError, match="there is no space left\n  free some"),
        told(tmp_path / "image.tar"),
    ):
        write_oci_archive(whole(tmp_path, HERE), NAME, full.fileno(), Silent())


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_who_may_read_the_file_is_for_the_umask_to_say(tmp_path: Path) -> None:
    put(tmp_path, HERE, base_image())
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        with _umask(mask):
            exported(tmp_path, Format.OCI, overwrite=True)
        assert (tmp_path / "image.tar").stat().st_mode & 0o777 == mode
