"""skopeo and podman reach every registry, and do what the tests want them for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, RefusedError, Skopeo
from vddkctl.demo.base import find_busybox, make_base

REGISTRIES = ["plain_registry", "password_registry", "tls_registry", "mutual_tls_registry", "token_registry"]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A Dockerfile on nothing but busybox."""
    folder, busybox = tmp_path / "context", find_busybox()
    assert busybox
    folder.mkdir()
    shutil.copy(busybox, folder / "busybox")
    steps = ("COPY busybox /bin/busybox", 'RUN ["/bin/busybox", "mkdir", "-p", "/opt"]', "USER 1001")
    (folder / "Dockerfile").write_text("\n".join(["FROM scratch", *steps, 'ENTRYPOINT ["/bin/busybox"]\n']))
    return folder


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    busybox, root = find_busybox(), tmp_path_factory.mktemp("image")
    assert busybox
    make_base(root / "base", "1", busybox)
    return f"oci:{root}/base:1"


@pytest.mark.parametrize("kind", REGISTRIES)
def test_both_reach_every_registry(
    kind: str, request: pytest.FixtureRequest, repository: str, image: str, podman: Podman, skopeo: Skopeo
) -> None:
    registry: RunningRegistry = request.getfixturevalue(kind)
    first, second = (At(registry, f"{repository}:{tag}") for tag in (1, 2))
    skopeo.copy(image, first)
    digest = skopeo.inspect(image)["Digest"]
    assert skopeo.inspect(first)["Digest"] == digest
    assert skopeo.tags(registry, repository) == ["1"]
    pulled = podman.pull(first)
    assert f"sha256:{pulled}" == skopeo.manifest(image)["config"]["digest"]
    pushed = podman.push(pulled, second)
    assert registry.tags(repository) == {"1": digest, "2": pushed}


def test_podman_builds_pushes_and_pulls(
    plain_registry: RunningRegistry, repository: str, context: Path, podman: Podman, skopeo: Skopeo
) -> None:
    place = At(plain_registry, f"{repository}:1")
    built = podman.build(context, "localhost/built:1")
    digest = podman.push("localhost/built:1", place)
    assert plain_registry.tags(repository) == {"1": digest}
    assert skopeo.config(place)["config"]["User"] == "1001"
    podman("rmi", "--all", "--force")
    assert podman.pull(place) == built
    with podman.files(built) as root:
        assert (root / "bin" / "busybox").read_bytes() == (context / "busybox").read_bytes()
        assert (root / "opt").is_dir()


def test_skopeo_copies_between_registries_and_folders(
    plain_registry: RunningRegistry,
    tls_registry: RunningRegistry,
    repository: str,
    tmp_path: Path,
    image: str,
    skopeo: Skopeo,
) -> None:
    skopeo.copy(image, At(plain_registry, f"{repository}:1"), "--format=v2s2")
    skopeo.copy(At(plain_registry, f"{repository}:1"), At(tls_registry, f"{repository}:2"))
    assert tls_registry.tags(repository)["2"] == plain_registry.tags(repository)["1"]
    skopeo.copy(At(tls_registry, f"{repository}:2"), f"oci:{tmp_path}/layout:3")
    docker, oci = (
        skopeo.manifest(place) for place in (At(tls_registry, f"{repository}:2"), f"oci:{tmp_path}/layout:3")
    )
    assert docker["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert oci["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    skopeo.delete(At(tls_registry, f"{repository}:2"))
    assert tls_registry.tags(repository) == {}


def test_podman_makes_an_index_of_pushed_images(
    plain_registry: RunningRegistry, repository: str, context: Path, podman: Podman, skopeo: Skopeo
) -> None:
    members = [At(plain_registry, f"{repository}:{architecture}") for architecture in ("amd64", "arm64")]
    digests = []
    for member, architecture in zip(members, ("amd64", "arm64"), strict=True):
        platform = ("--platform", f"linux/{architecture}", "--no-cache")
        (context / "Dockerfile").write_text("FROM scratch\nCOPY busybox /bin/busybox\n")
        podman.build(context, f"localhost/built:{architecture}", *platform)
        digests.append(podman.push(f"localhost/built:{architecture}", member))
    podman.create_index("localhost/index:1", *members)
    digest = podman.push_index("localhost/index:1", At(plain_registry, f"{repository}:1"))
    index = skopeo.manifest(At(plain_registry, f"{repository}:1"))
    assert plain_registry.tags(repository)["1"] == digest
    assert [entry["digest"] for entry in index["manifests"]] == digests
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["amd64", "arm64"]


def test_a_witness_that_is_refused_says_why(password_registry: RunningRegistry, skopeo: Skopeo) -> None:
    with pytest.raises(RefusedError, match="unauthorized"):
        skopeo.inspect(At(password_registry, "a/b:1", credentials="pusher:wrong"))
    with pytest.raises(RefusedError, match="authentication required"):
        skopeo.inspect(At(password_registry, "a/b:1", credentials=""))
