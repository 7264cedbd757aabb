"""Putting manifests where an answer is lost, refused for nothing, or comes when someone else was there."""

from __future__ import annotations

import pytest

from tests.registry.clients import client, image_of, reference_in
from tests.registry.samples import base_image
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, MANIFESTS, Answer, Cut
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import encode
from vddkctl.oci.reference import Reference
from vddkctl.progress import Silent
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.registry import HttpRegistry
from vddkctl.registry.inspected import inspect_image
from vddkctl.registry.push import push
from vddkctl.registry.whole import read_whole

TAG = "/manifests/1"


def test_the_tag_is_looked_at_again_before_each_attempt(
    plain_registry: RunningRegistry, repository: str
) -> None:
    theirs, ours = base_image(content=b"theirs"), base_image(content=b"ours")
    direct = client(plain_registry), reference_in(plain_registry, repository)
    with faults(plain_registry, Answer("PUT", TAG, status=503)) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        rest = registry._exchange.rest

        def meddle(seconds: float, why: str) -> None:
            rest(seconds, why)
            push(*direct, theirs, Silent())

        registry._exchange.rest = meddle  # type: ignore[method-assign]
        with pytest.raises(RegistryError, match=f"the tag names {theirs.descriptor.digest} now"):
            push(registry, reference, ours, Silent(), expected=None)
    assert plain_registry.tags(repository) == {"1": theirs.descriptor.digest}


def test_a_tag_that_is_there_is_not_put_again(plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image()
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    with faults(plain_registry) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent(), expected=None)
        assert proxy.requests("PUT", TAG) == []


def test_a_lost_answer_is_looked_for(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry, Cut("PUT", TAG, after=None)) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), base_image(), Silent())
        assert len(proxy.requests("PUT", TAG)) == 1


def test_a_tag_that_may_not_move_and_does_not_have_to(
    plain_registry: RunningRegistry, repository: str
) -> None:
    image = base_image()
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    with faults(plain_registry, Answer("PUT", TAG, status=409, times=ALWAYS)) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        push(registry, reference, image, Silent())
        with pytest.raises(RegistryError, match="409 Conflict"):
            push(registry, reference, base_image(content=b"other"), Silent())


def test_a_registry_without_head(plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image()
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    with faults(plain_registry, Answer("HEAD", MANIFESTS, status=405)) as proxy:
        found = client(proxy.front).resolve(reference_in(proxy.front, repository))
    assert found is not None
    assert found.digest == image.descriptor.digest


def test_what_is_shown_a_moment_later_is_there(plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image()
    blob = image.all_blobs[0].descriptor
    script = (
        Answer("GET", f"/manifests/{image.descriptor.digest}", status=404),
        Answer("HEAD", f"/blobs/{blob.digest}", status=404, times=2),  # the first one is before it is sent
    )
    with faults(plain_registry, *script) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent())
    assert plain_registry.tags(repository) == {"1": image.descriptor.digest}


def test_an_index_of_the_same_again_and_again_is_read_once(
    plain_registry: RunningRegistry, repository: str
) -> None:
    image = base_image()
    reference = reference_in(plain_registry, repository)
    push(client(plain_registry), reference, image, Silent())
    found = image.descriptor
    with faults(plain_registry) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        for _ in range(3):
            found = put_index(registry, reference, [found] * 5)
        before = proxy.count()
        inspected = inspect_image(registry, reference, found)
        assert proxy.count() - before == 5  # three indexes, the manifest, the config
    assert [each.descriptor.digest for each in inspected.images] == [image.descriptor.digest]


def test_an_index_without_an_end_is_none(plain_registry: RunningRegistry, repository: str) -> None:
    registry, reference = client(plain_registry), reference_in(plain_registry, repository)
    kind = "application/vnd.company.thing"
    many = [Descriptor(kind, f"sha256:{number:064x}", 1) for number in range(1001)]
    content = encode(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [each.to_json() for each in many]}
    )
    digest = digest_of(content)

    class Alone(HttpRegistry):
        def manifest(self, reference: Reference, wanted: str) -> bytes:
            assert wanted == digest
            return content

    alone = Alone(Access(registry.host, "http"), None, Silent())
    with pytest.raises(ImageError, match="it lists more than 1,000 manifests"):
        inspect_image(alone, reference, Descriptor(OCI_INDEX, digest, len(content)))
    manifest = image_of(b"x").manifest

    class Endless(HttpRegistry):
        def manifest(self, reference: Reference, wanted: str) -> bytes:
            return content if wanted == digest else manifest

    content = content.replace(kind.encode(), OCI_MANIFEST.encode())
    digest = digest_of(content)
    endless = Endless(Access(registry.host, "http"), None, Silent())
    with pytest.raises(ImageError, match="it lists more than 1,000 manifests"):
        read_whole(endless, reference, Descriptor(OCI_INDEX, digest, len(content)))


def put_index(registry: HttpRegistry, reference: Reference, entries: list[Descriptor]) -> Descriptor:
    content = encode(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [each.to_json() for each in entries]}
    )
    descriptor = Descriptor(OCI_INDEX, digest_of(content), len(content))
    registry.put_manifest(reference, descriptor, content)
    return descriptor
