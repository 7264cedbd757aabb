"""Real registries and real tools: what podman built and pushed, and what registries do to bytes on the way."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT as PROJECT
from tests.support.fault_proxy import faults
from tests.support.faults import MANIFESTS, Answer, CutAnswer, StallAnswer
from tests.support.lies import OtherBytes
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, Skopeo
from tests.verify.made import as_it_is, failures, only, said, warnings
from tests.verify.test_our_own import push_image
from vddkctl.build.archive import inspect
from vddkctl.demo.base import find_busybox
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.progress import Silent
from vddkctl.verify import Expected, LocalArchive, Status, Trial, Verification, verify


def verified(
    reference: Reference | str, archive: Path | None = None, trial: Trial | None = None
) -> Verification:
    """Over HTTP, as the command does."""
    named = parse(str(reference))
    registry = Places(Path("/")).registry(named)
    found = registry.resolve(named)
    assert found
    at_hand = LocalArchive(archive, inspect(archive, progress=Silent())) if archive else None
    expected = Expected(at_hand.facts.sha256 if at_hand else None, at_hand)
    return verify(registry, named, found, expected, Silent(), trial=trial)


@pytest.fixture
def pushed(
    tmp_path: Path, archive: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo
) -> At:
    """An image of ours, carried to a registry by skopeo."""
    push_image(tmp_path, archive)
    place = At(plain_registry, f"{repository}:1")
    skopeo.copy(f"oci:{tmp_path}/images:1", place)
    return place


def test_an_image_of_ours_in_a_registry(pushed: At, archive: Path) -> None:
    verification = verified(pushed.reference, archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert "is the vendor's archive itself" in said(verification, "archive")[0]


def test_the_same_in_dockers_types(
    archive: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo, pushed: At
) -> None:
    other = At(plain_registry, f"{repository}:2")
    skopeo.copy(pushed, other, "--format=v2s2")
    assert skopeo.manifest(other)["mediaType"].startswith("application/vnd.docker.")
    verification = verified(other.reference, archive)
    assert (failures(verification), warnings(verification)) == ([], [])


DOCKERFILE = """\
FROM scratch
COPY rootfs/ /
USER 1001
COPY vmware-vix-disklib-distrib /vmware-vix-disklib-distrib
RUN mkdir -p /opt
ENTRYPOINT ["cp", "-r", "/vmware-vix-disklib-distrib", "/opt"]
"""


@pytest.fixture
def context(tmp_path: Path, archive: Path) -> Path:
    """The folder of the usual Dockerfile, the archive unpacked in it."""
    folder = tmp_path / "context"
    busybox = find_busybox()
    assert busybox
    (folder / "rootfs/bin").mkdir(parents=True)
    (folder / "rootfs/opt").mkdir()
    shutil.copy(busybox, folder / "rootfs/bin/busybox")
    for name in ("sh", "cp", "mkdir", "rm", "chmod"):
        (folder / "rootfs/bin" / name).symlink_to("busybox")
    with tarfile.open(archive) as source:
        source.extractall(folder, filter="tar")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return folder


@pytest.fixture
def build(context: Path, podman: Podman, plain_registry: RunningRegistry, repository: str) -> "Build":
    return Build(context, podman, plain_registry, repository)


class Build:
    """Builds the Dockerfile with real podman, and pushes what comes out."""

    def __init__(self, context: Path, podman: Podman, registry: RunningRegistry, repository: str) -> None:
        self.context, self._podman = context, podman
        self._registry, self._repository = registry, repository

    def __call__(self, *more: str, tag: str = "1", instead: str = DOCKERFILE) -> str:
        (self.context / "Dockerfile").write_text(instead + "".join(f"{line}\n" for line in more))
        self._podman.build(self.context, f"localhost/vddk:{tag}", "--layers")
        place = At(self._registry, f"{self._repository}:{tag}")
        self._podman.push(f"localhost/vddk:{tag}", place)
        return place.reference


def test_the_usual_dockerfile_built_by_podman(build: Build, archive: Path) -> None:
    reference = build()
    verification = verified(reference, archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert said(verification, "archive") == [
        "another packing of the archive: all 20 files and links are the same"
    ]
    nothing_given = verified(reference)
    assert (failures(nothing_given), warnings(nothing_given)) == ([], ["archive"])


def test_what_dockerfiles_do_wrong(build: Build, archive: Path) -> None:
    (build.context / "secret").write_bytes(
        b"-----BEGIN " + b"PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n"
    )
    library = "/vmware-vix-disklib-distrib/lib64/libvixDiskLib.so.8"
    wrong = build(
        "USER 0",
        "COPY secret /tmp/s",
        f"RUN rm /tmp/s {library}; chmod 700 /bin/busybox",
        "ENV NPM_TOKEN=abcdef",
    )
    verification = verified(wrong, archive)
    assert failures(verification) == [
        *("archive", "links", "libraries", "user", "program", "secrets", "environment")
    ]
    assert "lib64/libvixDiskLib.so.8 is missing" in only(verification, "archive").message
    assert only(verification, "secrets").message == "tmp/s holds a private key"
    assert only(verification, "program").message == "/bin/cp may not be run by everyone"
    assert warnings(verification) == ["extra"]
    assert warnings(verified(wrong)) == ["archive", "changes", "extra"]


def test_a_dockerfile_on_an_empty_base(build: Build, archive: Path) -> None:
    without_cp = DOCKERFILE.replace("COPY rootfs/ /\n", "").replace("RUN mkdir -p /opt\n", "")
    assert failures(verified(build(instead=without_cp), archive)) == ["program"]


def test_a_registry_whose_storage_rots(
    own_registry: RunningRegistry, tmp_path: Path, archive: Path, skopeo: Skopeo
) -> None:
    push_image(tmp_path, archive)
    place = At(own_registry, "vddk:1")
    skopeo.copy(f"oci:{tmp_path}/images:1", place)
    blob = own_registry.blob(as_it_is(archive).descriptor.digest)
    content = bytearray(blob.read_bytes())
    content[5000] ^= 1
    blob.write_bytes(content)
    verification = verified(place.reference, archive)
    assert failures(verification) == ["layer", "archive"]
    assert only(verification, "layer").message.startswith("its bytes are of sha256:")


@contextmanager
def through(pushed: At, *script: object) -> Iterator[str]:
    """The image's name by way of a proxy that does what the script says."""
    with faults(pushed.registry, *script) as proxy:  # type: ignore[arg-type]
        yield At(proxy.front, pushed.name).reference


def test_a_connection_that_breaks_off_goes_on(pushed: At, archive: Path) -> None:
    layer = as_it_is(archive).descriptor.digest
    with through(pushed, CutAnswer("GET", layer, after=3000)) as reference:
        assert failures(verified(reference, archive)) == []


def test_a_registry_that_lies(pushed: At, archive: Path) -> None:
    layer = as_it_is(archive).descriptor.digest
    with through(pushed, OtherBytes("GET", layer, at=5000, times=2)) as reference:
        verification = verified(reference, archive)
        assert failures(verification) == ["layer", "archive"]
        assert f"not of {layer}" in only(verification, "layer").message
    with through(pushed, Answer("GET", layer, status=404, times=5)) as reference:
        assert failures(verified(reference, archive)) == ["layer", "archive"]


def test_one_that_answers_with_another_manifest(pushed: At, archive: Path) -> None:
    with through(pushed, OtherBytes("GET", MANIFESTS, at=20)) as reference:
        verification = verified(reference, archive)
    assert failures(verification) == ["manifest"]
    assert "answers with sha256:" in only(verification, "manifest").message


def test_each_layer_is_asked_for_once(pushed: At, archive: Path) -> None:
    with faults(pushed.registry) as proxy:
        verified(At(proxy.front, pushed.name).reference, archive)
        asked = [seen.path for seen in proxy.requests("GET")]
    assert len(asked) == len(set(asked)) == 4


def test_ctrl_c_while_a_registry_stays_silent(pushed: At, archive: Path) -> None:
    silent, over = threading.Event(), threading.Event()

    def wait() -> None:
        silent.set()
        over.wait(60)

    layer = as_it_is(archive).descriptor.digest
    with faults(pushed.registry, StallAnswer("GET", layer, after=3000, until=wait)) as proxy:
        process = subprocess.Popen(
            [sys.executable, "-m", "vddkctl", "image", "verify", At(proxy.front, pushed.name).reference],
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "error"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert silent.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            still = not over.is_set()
        finally:
            process.kill()
            over.set()
    assert (process.returncode, out, err, still) == (130, b"", b"Interrupted.\n", True)


def test_the_usual_dockerfile_is_run(build: Build, archive: Path) -> None:
    """What podman built, started from the registry's bytes."""
    verification = verified(build(), archive, Trial("auto", 60, os.environ, Silent()))
    assert failures(verification) == []
    assert len(said(verification, "run", Status.PASS)) == 1
    assert said(verification, "arrived")[0].startswith(
        "/opt/vmware-vix-disklib-distrib: 25 files and folders as"
    )


def test_dockers_types_are_run(
    archive: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo, build: Build
) -> None:
    other = At(plain_registry, f"{repository}:2")
    skopeo.copy(f"docker://{build()}", other, "--format=v2s2", "--src-tls-verify=false")
    verification = verified(other.reference, archive, Trial("auto", 60, os.environ, Silent()))
    assert failures(verification) == []
    assert len(said(verification, "run", Status.PASS)) == 1


def test_a_broken_dockerfile_is_run(build: Build, archive: Path) -> None:
    """A file for root alone, as a careless umask leaves it, and the layer says so before anything runs."""
    reference = build("USER 0", "RUN chmod 600 /vmware-vix-disklib-distrib/lib64/libssl.so.3", "USER 1001")
    verification = verified(reference, archive, Trial("auto", 60, os.environ, Silent()))
    assert {"access", "run", "arrived"} <= {*failures(verification)}
    assert "libssl.so.3" in only(verification, "run").message
