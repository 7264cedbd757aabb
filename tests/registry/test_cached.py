"""A registry whose documents are kept: asked for what has a digest once, and for everything else always."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.samples import AMD64, base_image
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import RegistryError
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.image import BaseImage
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.progress import Silent
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.cached import CachedRegistry
from vddkctl.registry.documents import Documents
from vddkctl.registry.push import push
from vddkctl.registry.read import read_base


def read(
    proxy: FaultProxy, reference: Reference, documents: Documents, root: Path
) -> tuple[BaseImage, list[str]]:
    """A base, read by a new client; and what was asked for."""
    before = len(proxy.requests())
    base = read_base(Places(root).registry(reference), reference, AMD64, documents=documents)
    return base, [f"{seen.method} {seen.path.rpartition('/')[2]}" for seen in proxy.requests()[before:]]


def test_a_base_is_read_once(tmp_path: Path, plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image()
    digest, config = image.descriptor.digest, digest_of(image.config)
    documents = Documents(tmp_path / "documents")
    with faults(plain_registry) as proxy:
        tagged = parse(f"{proxy.host}/{repository}:1")
        push(Places(tmp_path).registry(tagged), tagged, image, Silent())
        first, asked = read(proxy, tagged, documents, tmp_path)
        assert asked == ["HEAD 1", f"GET {digest}", f"GET {config}"]
        second, asked = read(proxy, tagged, documents, tmp_path)
        assert asked == ["HEAD 1"]
        third, asked = read(proxy, tagged.with_digest(digest), documents, tmp_path)
        assert asked == []
        assert first.config == second.config == third.config
        assert first.digest == second.digest == third.digest == digest

        (tmp_path / "documents" / hex_of(config)).write_bytes(b"{}")
        mended, asked = read(proxy, tagged, documents, tmp_path)
        assert asked == ["HEAD 1", f"GET {config}"]
        assert mended.config == first.config


def test_layers_come_from_the_registry_itself(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    reference, places = parse(f"{plain_registry.host}/{repository}:1"), Places(tmp_path)
    registry = places.registry(reference)
    push(registry, reference, base_image(), Silent())
    for _ in range(2):
        base = read_base(registry, reference, AMD64, documents=Documents(tmp_path / "documents"))
        source = base.layers[0].source
        assert isinstance(source, RegistryBlob)
        assert source.registry is registry  # mounting goes by that
        with source.open() as stream:
            assert digest_of(stream.read()) == base.layers[0].descriptor.digest


def test_a_config_is_not_taken_for_a_manifest(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    reference, image = parse(f"{plain_registry.host}/{repository}:1"), base_image()
    documents = Documents(tmp_path / "documents")
    for content in (image.config, image.manifest):
        documents.put(digest_of(content), content)
    cached = CachedRegistry(Places(tmp_path).registry(reference), documents)
    assert cached.resolve(reference.with_digest(digest_of(image.config))) is None
    known = cached.resolve(reference.with_digest(image.descriptor.digest))
    assert known
    assert (known.media_type, known.size) == (image.descriptor.media_type, len(image.manifest))


def test_what_is_there_now_is_always_asked_for(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    reference, image = parse(f"{plain_registry.host}/{repository}:1"), base_image()
    cached = CachedRegistry(Places(tmp_path).registry(reference), Documents(tmp_path / "documents"))
    assert cached.tags(reference) == ()
    assert cached.resolve(reference) is None
    with pytest.raises(RegistryError):
        cached.manifest(reference, image.descriptor.digest)
    push(cached, reference, image, Silent())
    assert cached.tags(reference) == ("1",)
    assert cached.has_manifest(reference, image.descriptor)
    assert all(cached.has_blob(reference, blob.descriptor) for blob in image.all_blobs)
    other = base_image(content=b"another")
    push(cached, reference, other, Silent(), expected=image.descriptor.digest)
    found = cached.resolve(reference)
    assert found
    assert found.digest == other.descriptor.digest
