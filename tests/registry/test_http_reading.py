"""Reading from real registries: tags, manifests of every kind, blobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.clients import MEBIBYTE, QUICK, blob_of, client, noise, reference_in
from tests.registry.samples import AMD64, ARM64, base_image
from tests.support.fault_proxy import faults
from tests.support.faults import MANIFESTS, Answer
from tests.support.lies import AnswerHeaders, OtherBytes, ShortAnswer, WrongDigest
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Skopeo
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("media_type", "options"),
    [
        (OCI_MANIFEST, ["--format=oci"]),
        (DOCKER_MANIFEST, ["--format=v2s2"]),
        (OCI_INDEX, ["--format=oci", "--all"]),
        (DOCKER_INDEX, ["--format=v2s2", "--all"]),
    ],
)
def test_what_skopeo_puts_is_read(
    tmp_path: Path,
    plain_registry: RunningRegistry,
    repository: str,
    skopeo: Skopeo,
    media_type: str,
    options: list[str],
) -> None:
    both = index([base_image(AMD64), base_image(ARM64)], {})
    push(
        LayoutRegistry(tmp_path),
        parse("oci:source:1"),
        both if "--all" in options else base_image(),
        Silent(),
    )
    place = At(plain_registry, f"{repository}:1")
    skopeo.copy(f"oci:{tmp_path}/source:1", place, *options)
    registry, reference = client(plain_registry), reference_in(plain_registry, repository)
    found = registry.resolve(reference)
    assert found is not None
    content = registry.manifest(reference, found.digest)
    assert (found.media_type, found.size) == (media_type, len(content))
    assert found.digest == skopeo.inspect(place)["Digest"] == digest_of(content)
    assert registry.has_manifest(reference, found)
    assert registry.resolve(reference.with_digest(found.digest)) == found


def test_what_is_not_there(plain_registry: RunningRegistry, repository: str) -> None:
    registry, reference = client(plain_registry), reference_in(plain_registry, repository)
    nothing = Descriptor(OCI_MANIFEST, DIGEST, 7)
    assert registry.resolve(reference) is None
    assert registry.resolve(reference.with_digest(DIGEST)) is None
    assert registry.tags(reference) == ()
    assert not registry.has_blob(reference, nothing)
    assert not registry.has_manifest(reference, nothing)
    with pytest.raises(RegistryError, match=f": there is no manifest {DIGEST}"):
        registry.manifest(reference, DIGEST)
    with pytest.raises(
        RegistryError, match=r"cannot read sha256:00000000…: 404 Not Found \(blob unknown to registry\)"
    ):
        registry.open_blob(reference, nothing)


def test_a_name_without_a_tag_is_no_image(plain_registry: RunningRegistry, repository: str) -> None:
    with pytest.raises(RegistryError, match=r"it names no image\n  write 127\.0\.0\.1:\d+/.*/vddk:TAG"):
        client(plain_registry).resolve(reference_in(plain_registry, repository, None))


@pytest.mark.parametrize("lost", ["Docker-Content-Digest", "Content-Type", "Content-Length"])
def test_a_head_that_does_not_tell_is_asked_again_by_get(
    plain_registry: RunningRegistry, repository: str, lost: str
) -> None:
    reference, image = reference_in(plain_registry, repository), base_image()
    push(client(plain_registry), reference, image, Silent())
    with faults(plain_registry, AnswerHeaders("HEAD", MANIFESTS, changed={lost: None})) as proxy:
        found = client(proxy.front).resolve(reference_in(proxy.front, repository))
        assert [one.method for one in proxy.requests("", MANIFESTS)] == ["HEAD", "GET"]
    assert found == Descriptor(image.descriptor.media_type, image.descriptor.digest, image.descriptor.size)


def test_a_tag_takes_one_request_to_read(plain_registry: RunningRegistry, repository: str) -> None:
    push(client(plain_registry), reference_in(plain_registry, repository), base_image(), Silent())
    with faults(plain_registry) as proxy:
        client(proxy.front).resolve(reference_in(proxy.front, repository))
        assert [one.method for one in proxy.requests()] == ["HEAD"]


def test_a_blob_is_read_and_checked(own_registry: RunningRegistry, repository: str) -> None:
    registry, reference = client(own_registry), reference_in(own_registry, repository)
    content = noise(3 * MEBIBYTE)
    blob = blob_of(content)
    registry.put_blob(reference, blob, Silent())
    assert registry.has_blob(reference, blob.descriptor)
    with registry.open_blob(reference, blob.descriptor) as stream:
        assert stream.read() == content
    own_registry.blob(blob.descriptor.digest).write_bytes(b"other bytes".ljust(len(content)))
    with (
        pytest.raises(RegistryError, match="its bytes are of sha256:"),
        registry.open_blob(reference, blob.descriptor) as stream,
    ):
        stream.read()


def test_a_blob_of_another_size_is_not_there(own_registry: RunningRegistry, repository: str) -> None:
    registry, reference, blob = (
        client(own_registry),
        reference_in(own_registry, repository),
        blob_of(b"whole"),
    )
    registry.put_blob(reference, blob, Silent())
    own_registry.blob(blob.descriptor.digest).write_bytes(b"half")
    assert not registry.has_blob(reference, blob.descriptor)


def test_a_blob_that_is_left_half_read_does_no_harm(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        large, small = blob_of(noise(3 * MEBIBYTE)), blob_of(noise(1000))
        for blob in (large, small):
            registry.put_blob(reference, blob, Silent())
            for _ in range(2):
                with registry.open_blob(reference, blob.descriptor) as stream:
                    stream.read(10)
        with registry.open_blob(reference, large.descriptor) as stream:
            assert digest_of(stream.read()) == large.descriptor.digest


def test_connections_are_kept(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        blob = blob_of(noise(MEBIBYTE))
        registry.put_blob(reference, blob, Silent())
        for _ in range(3):
            assert registry.has_blob(
                reference, blob.descriptor
            )  # the HEAD of a large blob has a Content-Length
            assert registry.resolve(reference) is None
            with registry.open_blob(reference, blob.descriptor) as stream:
                stream.read()
        assert {one.connection for one in proxy.requests()} == {1}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (OtherBytes("GET", MANIFESTS, at=5), "the registry answers with sha256:"),
        (ShortAnswer("GET", MANIFESTS), "the registry answers with sha256:"),
        (Answer("GET", MANIFESTS, status=200, body=b"{}"), "the registry answers with sha256:44136fa3"),
    ],
)
def test_a_manifest_with_other_bytes(
    plain_registry: RunningRegistry, repository: str, fault: Answer, message: str
) -> None:
    image = base_image()
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    with faults(plain_registry, fault) as proxy:
        reference = reference_in(proxy.front, repository)
        with pytest.raises(RegistryError) as caught:
            client(proxy.front).manifest(reference, image.descriptor.digest)
    assert str(caught.value).startswith(
        f"{reference}: cannot read the manifest {image.descriptor.digest}: {message}"
    )
    assert f"when it is asked for {image.descriptor.digest}\n  it, or something on the way, is broken" in str(
        caught.value
    )


def test_a_wrong_digest_leads_to_nothing(plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image()
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    with faults(plain_registry, WrongDigest("HEAD", MANIFESTS, times=2)) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        with pytest.raises(RegistryError, match="the registry answers with sha256:0000"):
            registry.resolve(reference.with_digest(image.descriptor.digest))
        lie = registry.resolve(reference)
        assert lie is not None
        with pytest.raises(RegistryError, match=f"there is no manifest sha256:{'0' * 64}"):
            registry.manifest(reference, lie.digest)


def test_a_manifest_without_an_end(plain_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(plain_registry, Answer("GET", MANIFESTS, status=200, body=bytes(5 * MEBIBYTE))) as proxy,
        pytest.raises(RegistryError, match=r"cannot read the manifest sha256:0+: it is larger than 4 MiB"),
    ):
        client(proxy.front).manifest(reference_in(proxy.front, repository), DIGEST)


def test_a_page_for_browsers_is_no_image(plain_registry: RunningRegistry, repository: str) -> None:
    page = {"Content-Type": "text/html"}
    with (
        faults(
            plain_registry,
            Answer("", MANIFESTS, status=200, body=b"<html>Log in</html>", headers=page, times=2),
        ) as proxy,
        pytest.raises(ImageError, match=rf"{repository}:1: the manifest is not JSON"),
    ):
        client(proxy.front).resolve(reference_in(proxy.front, repository))


def test_whether_a_repository_can_be_read(
    plain_registry: RunningRegistry,
    password_registry: RunningRegistry,
    token_registry: RunningRegistry,
    repository: str,
) -> None:
    def readable(place: RunningRegistry, *, anonymous: bool) -> bool | None:
        return client(place, anonymous=anonymous).readable(reference_in(place, repository))

    assert (
        readable(plain_registry, anonymous=True) is True
    )  # nothing is there, and nobody was asked who he is
    assert readable(password_registry, anonymous=True) is False
    assert readable(token_registry, anonymous=True) is False
    with token_registry.tokens.behaving(anonymous=False):
        assert readable(token_registry, anonymous=True) is False
    for place in (password_registry, token_registry):
        assert (
            readable(place, anonymous=False) is None
        )  # a registry that asks for a login may hide what it has
        push(client(place), reference_in(place, repository), base_image(), Silent())
        assert readable(place, anonymous=False) is True
        assert readable(place, anonymous=True) is False
    with token_registry.tokens.behaving(public=(repository,)):
        assert readable(token_registry, anonymous=True) is True


def test_whether_it_can_be_read_is_not_told_by_a_registry_in_trouble(
    plain_registry: RunningRegistry, repository: str
) -> None:
    with (
        faults(plain_registry, Answer("GET", "/tags/list", status=503, times=QUICK.attempts)) as proxy,
        pytest.raises(
            RegistryError, match="cannot list the tags: 503 Service Unavailable\n  try again later"
        ),
    ):
        client(proxy.front).readable(reference_in(proxy.front, repository))
