from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.registry.samples import AMD64, ARM64, FileSource, Sample, base_image, on_layout, pushed_base, tree
from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import OCI_LAYER_GZIP, Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push

REFERENCE = parse("oci:images:1")
REF_NAME = "org.opencontainers.image.ref.name"


def blob_of(content: bytes) -> Blob:
    return Blob(Descriptor(OCI_LAYER_GZIP, digest_of(content), len(content)), Content(content))


def pushed(root: Path, *tags: str) -> LayoutRegistry:
    """A layout with a base image of its own under each tag."""
    registry = LayoutRegistry(root)
    for tag in tags:
        push(registry, parse(f"oci:images:{tag}"), base_image(content=tag.encode()), Silent())
    return registry


def index_of(root: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((root / "images" / "index.json").read_bytes())
    return data


def write_index(root: Path, data: object) -> None:
    (root / "images" / "index.json").write_text(json.dumps(data))


@pytest.mark.parametrize(
    "there", ["nothing", "an empty folder", "a hidden file", "a layout without an index"]
)
def test_a_layout_with_nothing_in_it_resolves_to_none(tmp_path: Path, there: str) -> None:
    if there != "nothing":
        (tmp_path / "images").mkdir()
    if there == "a hidden file":
        (tmp_path / "images" / ".gitignore").write_text("blobs")
    if there == "a layout without an index":
        (tmp_path / "images" / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    registry = LayoutRegistry(tmp_path)
    assert registry.resolve(REFERENCE) is None
    assert registry.resolve(REFERENCE.with_digest("sha256:" + "00" * 32)) is None
    assert not registry.has_blob(REFERENCE, blob_of(b"x").descriptor)
    push(registry, REFERENCE, base_image(), Silent())
    assert registry.resolve(REFERENCE) is not None


def test_a_push_is_read_back_and_a_layout_is_valid(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    push(registry, reference, image, Silent())
    descriptor = registry.resolve(reference)
    assert descriptor is not None
    assert descriptor.digest == image.descriptor.digest
    assert registry.manifest(reference, descriptor.digest) == image.manifest
    assert json.loads((tmp_path / "images" / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert index_of(tmp_path) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{**image.descriptor.to_json(), "annotations": {REF_NAME: "8.0.1"}}],
    }
    for path in (tmp_path / "images" / "blobs" / "sha256").iterdir():
        assert digest_of(path.read_bytes()) == f"sha256:{path.name}"


def test_an_index_is_pushed_with_its_images_and_found_by_any_digest(tmp_path: Path) -> None:
    bases = {AMD64: pushed_base(tmp_path / "a"), ARM64: pushed_base(tmp_path / "b", ARM64)}
    image = Sample().image(bases)
    registry = LayoutRegistry(tmp_path)
    push(registry, REFERENCE, image, Silent())
    assert len(index_of(tmp_path)["manifests"]) == 1
    for child in image.images:  # type: ignore[union-attr]
        found = registry.resolve(REFERENCE.with_digest(child.descriptor.digest))
        assert found is not None
        assert (found.media_type, found.digest, found.size) == (
            child.descriptor.media_type,
            child.descriptor.digest,
            child.descriptor.size,
        )


def test_a_second_push_writes_nothing(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    push(registry, reference, image, Silent())

    def stamps() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "images").rglob("*") if path.is_file()}

    before = stamps()
    push(registry, reference, image, Silent())
    assert stamps() == before


def test_a_tag_moves_and_other_tags_and_images_stay(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1", "2")
    first, second = base_image(content=b"1").descriptor, base_image(content=b"2").descriptor
    push(registry, REFERENCE, base_image(content=b"3"), Silent())
    third = base_image(content=b"3").descriptor
    assert registry.resolve(REFERENCE) == Descriptor(
        third.media_type, third.digest, third.size, {REF_NAME: "1"}, third.platform
    )
    other = registry.resolve(replace(REFERENCE, tag="2"))
    assert other is not None
    assert other.digest == second.digest
    by_digest = registry.resolve(REFERENCE.with_digest(first.digest))
    assert by_digest is not None
    assert by_digest.annotations == {}
    assert len(index_of(tmp_path)["manifests"]) == 3


def test_one_image_may_have_two_tags(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1")
    push(registry, replace(REFERENCE, tag="latest"), base_image(content=b"1"), Silent())
    digests = {registry.resolve(replace(REFERENCE, tag=tag)).digest for tag in ("1", "latest")}  # type: ignore[union-attr]
    assert digests == {base_image(content=b"1").descriptor.digest}
    push(registry, replace(REFERENCE, tag="latest"), base_image(content=b"2"), Silent())
    names = [entry.get("annotations") for entry in index_of(tmp_path)["manifests"]]
    assert names == [{REF_NAME: "1"}, {REF_NAME: "latest"}]


def test_what_others_wrote_into_the_index_stays(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1")
    entry = index_of(tmp_path)["manifests"][0]
    strange = {
        **entry,
        "artifactType": "x",
        "annotations": {REF_NAME: "docker.io/library/x:7", "mine": "yes"},
    }
    write_index(
        tmp_path, {"schemaVersion": 2, "manifests": [entry, strange], "annotations": {"note": "kept"}}
    )
    push(registry, REFERENCE, base_image(content=b"2"), Silent())
    assert index_of(tmp_path)["annotations"] == {"note": "kept"}
    assert strange in index_of(tmp_path)["manifests"]


def test_a_full_name_as_podman_writes_it_is_found_by_its_tag(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1")
    index = index_of(tmp_path)
    index["manifests"][0]["annotations"][REF_NAME] = "localhost/vddk:8"
    write_index(tmp_path, index)
    assert registry.resolve(replace(REFERENCE, tag="8")) == registry.resolve(
        parse("oci:images:localhost/vddk:8")
    )
    assert registry.resolve(replace(REFERENCE, tag="8")) is not None


def test_without_a_tag_the_only_image_is_meant(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1")
    assert registry.resolve(parse("oci:images")) == registry.resolve(REFERENCE)
    pushed(tmp_path, "2")
    with pytest.raises(RegistryError, match=r"there are several images\n  name one of 1, 2"):
        registry.resolve(parse("oci:images"))


def test_a_tag_on_two_images_is_ambiguous(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1", "2")
    index = index_of(tmp_path)
    index["manifests"][1]["annotations"][REF_NAME] = "1"
    write_index(tmp_path, index)
    with pytest.raises(RegistryError, match=r'index.json: several images are called "1"'):
        registry.resolve(REFERENCE)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (
            "index.json",
            b"{",
            "it is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("index.json", b"[]", "it is not a JSON object"),
        ("index.json", b"{}", 'it has no list of "manifests"'),
        ("index.json", b'{"manifests": [7]}', "a descriptor is not a JSON object"),
        ("index.json", b" " * (4 * 1024 * 1024 + 1), "it is larger than 4 MiB"),
        ("oci-layout", b"\x00", "it is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("oci-layout", b'{"imageLayoutVersion": "2.0.0"}', 'its version is "2.0.0", not 1.0.0'),
        ("oci-layout", b"{}", 'its version is "None", not 1.0.0'),
    ],
)
def test_a_broken_document_is_named_for_readers_and_writers(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    registry = pushed(tmp_path, "1")
    (tmp_path / "images" / file).write_bytes(content)
    with pytest.raises(RegistryError) as caught:
        registry.resolve(REFERENCE)
    assert str(caught.value) == f"{tmp_path}/images/{file}: {message}"
    with pytest.raises(RegistryError) as caught:
        push(registry, REFERENCE, base_image(), Silent())
    assert str(caught.value) == f"{tmp_path}/images/{file}: {message}"
    assert (tmp_path / "images" / file).read_bytes() == content


def test_a_missing_or_changed_manifest_is_named(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1")
    digest = base_image(content=b"1").descriptor.digest
    path = tmp_path / "images" / "blobs" / "sha256" / hex_of(digest)
    path.write_bytes(b"{}")
    with pytest.raises(RegistryError) as caught:
        registry.manifest(REFERENCE, digest)
    assert str(caught.value) == f"{path}: its bytes are of {digest_of(b'{}')}"
    path.unlink()
    with pytest.raises(RegistryError) as caught:
        registry.manifest(REFERENCE, digest)
    assert str(caught.value) == f"{path}: there is no such manifest"


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (b"other bytes", f"its bytes are of {digest_of(b'other bytes')}, not of {digest_of(b'right bytes')}"),
        (b"right", "it is not 11 bytes long, as its descriptor says"),
        (b"right bytes and more", "it is not 11 bytes long, as its descriptor says"),
        (None, "there is no such blob"),
    ],
)
def test_a_blob_that_is_not_what_its_name_says_is_found_out_at_its_end(
    tmp_path: Path, found: bytes | None, message: str
) -> None:
    registry, blob = pushed(tmp_path, "1"), blob_of(b"right bytes")
    registry.put_blob(REFERENCE, blob, Silent())
    with registry.open_blob(REFERENCE, blob.descriptor) as stream:
        assert stream.read() == b"right bytes"
    path = tmp_path / "images" / "blobs" / "sha256" / hex_of(blob.descriptor.digest)
    path.unlink() if found is None else path.write_bytes(found)
    with pytest.raises(RegistryError) as caught, registry.open_blob(REFERENCE, blob.descriptor) as stream:
        stream.read()
    assert str(caught.value) == f"{path}: {message}"


def test_a_blob_of_the_wrong_size_is_written_again(tmp_path: Path) -> None:
    registry, blob = pushed(tmp_path, "1"), blob_of(b"right bytes")
    path = tmp_path / "images" / "blobs" / "sha256" / hex_of(blob.descriptor.digest)
    path.write_bytes(b"half")
    assert not registry.has_blob(REFERENCE, blob.descriptor)
    registry.put_blob(REFERENCE, blob, Silent())
    assert path.read_bytes() == b"right bytes"


def test_a_damaged_blob_of_the_right_size_is_written_again(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    push(registry, reference, image, Silent())
    before = tree(tmp_path / "images")
    for path in (tmp_path / "images" / "blobs" / "sha256").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    push(LayoutRegistry(tmp_path), reference, image, Silent())
    assert tree(tmp_path / "images") == before


def test_a_blob_that_is_there_is_read_once(tmp_path: Path) -> None:
    pushed(tmp_path, "1")
    labels: list[str] = []

    class Listening(Silent):
        def task(self, label: str, total: int | None, unit: str = "bytes") -> Any:
            labels.append(label)
            return super().task(label, total, unit)

    registry, image = LayoutRegistry(tmp_path), base_image(content=b"1")
    for tag in ("1", "2"):
        for blob in image.all_blobs:
            registry.put_blob(replace(REFERENCE, tag=tag), blob, Listening())
    assert sorted(labels) == sorted(f"check {blob.descriptor.short}" for blob in image.all_blobs)


class Ends:
    """A source that gives a stream which is not a file's."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def open(self) -> BinaryIO:
        return self.stream


@pytest.mark.parametrize("kind", ["a file", "a stream"])
@pytest.mark.parametrize("real", [b"other bytes", b"right", b"right bytes and more"])
def test_a_source_that_changed_leaves_nothing_behind(tmp_path: Path, kind: str, real: bytes) -> None:
    registry, blob = pushed(tmp_path, "1"), blob_of(b"right bytes")
    (tmp_path / "source").write_bytes(real)
    source = FileSource(tmp_path / "source") if kind == "a file" else Content(real)
    before = tree(tmp_path)
    with pytest.raises(RegistryError, match=r"its bytes are no longer what they were when it was looked at"):
        registry.put_blob(REFERENCE, Blob(blob.descriptor, source), Silent())
    assert tree(tmp_path) == before


def test_a_source_that_is_gone_is_named(tmp_path: Path) -> None:
    registry, source = pushed(tmp_path, "1"), FileSource(tmp_path / "gone.tar.gz")
    with pytest.raises(RegistryError) as caught:
        registry.put_blob(REFERENCE, Blob(blob_of(b"x").descriptor, source), Silent())
    assert str(caught.value) == f"{tmp_path}/gone.tar.gz: its bytes cannot be read: No such file or directory"


def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path) -> None:
    registry, blob = pushed(tmp_path, "1"), blob_of(b"right bytes")

    class Interrupting(Silent):
        def task(self, label: str, total: int | None, unit: str = "bytes") -> Any:
            raise KeyboardInterrupt

    class Stops(Ends):
        def open(self) -> BinaryIO:
            raise KeyboardInterrupt

    before = tree(tmp_path)
    for source, progress in ((blob.source, Interrupting()), (Stops(blob.source.open()), Silent())):
        with pytest.raises(KeyboardInterrupt):
            registry.put_blob(REFERENCE, Blob(blob.descriptor, source), progress)
        assert tree(tmp_path) == before


def test_a_gzip_reader_gives_what_it_reads_and_not_the_file_below_it(tmp_path: Path) -> None:
    import gzip

    plain = b"plain bytes" * 1000
    (tmp_path / "source.gz").write_bytes(gzip.compress(plain))
    registry, blob = LayoutRegistry(tmp_path), blob_of(plain)
    with gzip.open(tmp_path / "source.gz") as stream:
        registry.put_blob(REFERENCE, Blob(blob.descriptor, Ends(stream)), Silent())  # type: ignore[arg-type]
    with registry.open_blob(REFERENCE, blob.descriptor) as copy:
        assert copy.read() == plain


def test_a_file_that_is_read_from_its_middle_gives_only_the_rest(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"skipped right bytes")
    registry, blob = LayoutRegistry(tmp_path), blob_of(b"right bytes")
    with (tmp_path / "source").open("rb") as stream:
        stream.seek(8)
        registry.put_blob(REFERENCE, Blob(blob.descriptor, Ends(stream)), Silent())
    with registry.open_blob(REFERENCE, blob.descriptor) as copy:
        assert copy.read() == b"right bytes"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("file", "file: it is not a folder\n  choose another path"),
        ("file/below", "file/below: it is not a folder\n  choose another path"),
        (
            "full",
            (
                'full: it is not an OCI image layout: it has no oci-layout file, but "holiday.jpg"\n'
                "  name a layout, an empty folder, or one that does not exist yet"
            ),
        ),
    ],
)
def test_a_place_that_cannot_be_a_layout_is_left_alone(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "file").write_text("something")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "holiday.jpg").write_text("something else")
    before = tree(tmp_path)
    with pytest.raises(RegistryError) as caught:
        push(LayoutRegistry(tmp_path), parse(f"oci:{path}:1"), base_image(), Silent())
    assert str(caught.value) == f"{tmp_path}/{message}"
    with pytest.raises(RegistryError):
        LayoutRegistry(tmp_path).resolve(parse(f"oci:{path}:1"))
    assert tree(tmp_path) == before


def test_a_reference_of_a_registry_is_not_a_folders(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="it is not a folder's name"):
        LayoutRegistry(tmp_path).resolve(parse("h.example/x:1"))


def test_a_digest_that_is_none_never_becomes_a_path(tmp_path: Path) -> None:
    registry = pushed(tmp_path, "1")
    with pytest.raises(RegistryError, match="is not a digest"):
        registry.open_blob(REFERENCE, Descriptor("x", "sha256:../../oci-layout", 1))


def test_an_absolute_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    reference = parse(f"oci:{tmp_path}/elsewhere:1")
    push(LayoutRegistry(Path("/nowhere")), reference, base_image(), Silent())
    assert (tmp_path / "elsewhere" / "index.json").is_file()


def test_files_and_folders_are_for_everyone_to_read_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        pushed(tmp_path / "deep" / "er", "1")
    finally:
        os.umask(old)
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "deep").rglob("*")}
    assert modes == {(True, 0o755), (False, 0o644)}


def test_progress_counts_the_bytes_that_are_written(tmp_path: Path) -> None:
    from contextlib import contextmanager

    seen: list[tuple[str, int | None, list[int]]] = []

    class Counting:
        @contextmanager
        def task(self, label: str, total: int | None, unit: str = "bytes") -> Any:
            done: list[int] = []
            seen.append((label, total, done))
            yield type("Counter", (), {"advance": staticmethod(done.append)})

    content = os.urandom(9 * 1024 * 1024)
    (tmp_path / "archive").write_bytes(content)
    blob = Blob(blob_of(content).descriptor, FileSource(tmp_path / "archive"))
    LayoutRegistry(tmp_path).put_blob(REFERENCE, blob, Counting())
    [(label, total, done)] = seen
    assert label == f"write {digest_of(content)[:15]}…"
    assert sum(done) == total == len(content)
    assert len(done) > 1


@given(st.binary(max_size=5000), st.booleans())
def test_any_bytes_come_back_as_they_were_put(content: bytes, from_file: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "source").write_bytes(content)
        blob = blob_of(content)
        source = FileSource(root / "source") if from_file else blob.source
        registry = LayoutRegistry(root)
        registry.put_blob(REFERENCE, Blob(blob.descriptor, source), Silent())
        with registry.open_blob(REFERENCE, blob.descriptor) as stream:
            assert stream.read() == content


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=8))
def test_each_tag_names_what_was_pushed_to_it_last(pushes: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry = LayoutRegistry(Path(folder))
        last: dict[str, str] = {}
        for tag, number in pushes:
            image = base_image(content=str(number).encode())
            push(registry, replace(REFERENCE, tag=tag), image, Silent())
            last[tag] = image.descriptor.digest
        for tag in "abc":
            found = registry.resolve(replace(REFERENCE, tag=tag))
            assert (found.digest if found else None) == last.get(tag)
        for _, number in pushes:
            digest = base_image(content=str(number).encode()).descriptor.digest
            assert registry.resolve(REFERENCE.with_digest(digest)) is not None
