"""One image from the command line, as people who know ``kubectl mtv create vddk-image`` ask for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.registry.samples import base_image
from tests.support.engines import left_behind
from tests.support.image_ground import Ground, make_ground
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, Skopeo
from vddkctl.oci.assemble import index
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push


@pytest.fixture
def ground(
    tmp_path: Path,
    plain_registry: RunningRegistry,
    repository: str,
    vddkctl: Vddkctl,
    skopeo: Skopeo,
    podman: Podman,
) -> Ground:
    return make_ground(tmp_path / "site", plain_registry, repository, vddkctl, skopeo, podman)


def test_build_and_push_shows_the_plan_and_ends_with_the_digest(ground: Ground) -> None:
    done = ground.build("--tag", ground.tag, "--push", "--public-registry", "allow")
    assert done.code == 0, done.err
    assert done.out.startswith(f"image-build: {ground.site.host}\n")
    assert "+ image.vddk" in done.out
    assert done.out.splitlines()[-1] == f"{ground.tag}@{ground.site.digest}"
    again = ground.build("--tag", ground.tag, "--push", "--public-registry", "allow")
    assert "No changes" in again.out
    assert again.out.splitlines()[-1] == f"{ground.tag}@{ground.site.digest}"


@pytest.mark.parametrize("runtime", ["native", "podman"])
def test_it_sets_the_controllers_image_by_its_digest(ground: Ground, runtime: str) -> None:
    words = ("--push", "--set-controller-image", "--manifests", "gitops", "--public-registry", "allow")
    dry = ground.build("--tag", ground.tag, "--runtime", runtime, *words, "--dry-run")
    assert dry.code == 0, dry.err
    assert ground.site.digest is None
    done = ground.build("--tag", ground.tag, "--runtime", runtime, *words)
    assert done.code == 0, done.out + done.err
    controller = (ground.site.root / "gitops" / "forklift.yaml").read_text()
    repository = ground.tag.removesuffix(":8.0.1")
    assert f"vddk_image: {repository}@{ground.site.digest}" in controller


@pytest.mark.parametrize("runtime", ["native", "podman", "auto"])
def test_without_a_push_it_is_in_podmans_storage(ground: Ground, runtime: str) -> None:
    done = ground.build("--tag", "quay.io/company/vddk:8.0.1", "--runtime", runtime)
    assert done.code == 0, done.err
    assert done.out.startswith("quay.io/company/vddk:8.0.1@sha256:")
    with ground.podman.files("quay.io/company/vddk:8.0.1") as root:
        assert (root / "vmware-vix-disklib-distrib" / "lib64" / "libvixDiskLib.so").is_symlink()
    ground.podman("rmi", "--force", "quay.io/company/vddk:8.0.1")
    assert left_behind(ground.podman) == ""


def test_a_dockerfile_with_tools_gets_the_usual_lines_for_vddk(ground: Ground) -> None:
    dockerfile = ground.site.root / "debug-vddk.dockerfile"
    dockerfile.write_text(f"FROM {ground.site.base.reference}\nENV TOOLS=yes\n")
    words = ("--dockerfile", str(dockerfile), "--push", "--public-registry", "allow", "--build-dir", "work")
    done = ground.build("--tag", ground.tag, *words, base=None)
    assert done.code == 0, done.out + done.err
    assert not (ground.site.root / "work").exists()
    config = ground.site.skopeo.config(ground.site.image)["config"]
    assert "TOOLS=yes" in config["Env"]
    assert config["Entrypoint"] == ["cp", "-r", "/vmware-vix-disklib-distrib", "/opt"]


def _two_bases(ground: Ground) -> At:
    """An index of bases for two platforms, in the registry."""
    program = (ground.site.root / "busybox").read_bytes()
    machines = {"amd64": 62, "arm64": 183}  # e_machine, the third field of an ELF header
    images = [
        base_image(Platform("linux", name), content=program[:18] + bytes([machine]) + program[19:])
        for name, machine in machines.items()
    ]
    layout, both = LayoutRegistry(ground.site.root), Reference("oci", "two", "both")
    push(layout, both, index(images, {}), Silent())
    base = At(ground.site.registry, f"{ground.site.repository}/two:both")
    ground.site.skopeo.copy(f"oci:{ground.site.root}/two:both", base, "--all")
    return base


@pytest.mark.parametrize("runtime", ["native", "podman"])
def test_two_platforms_are_one_index(ground: Ground, runtime: str) -> None:
    base = _two_bases(ground)
    words = ("--platform", "amd64", "--platform", "arm64", "--push", "--public-registry", "allow")
    refused = ground.build("--tag", ground.tag, "--runtime", runtime, *words, base=base.reference)
    assert refused.code == 1
    assert "add --allow-platform-mismatch" in refused.err
    allowed = (*words, "--allow-platform-mismatch")
    done = ground.build("--tag", ground.tag, "--runtime", runtime, *allowed, base=base.reference)
    assert done.code == 0, done.out + done.err
    index = ground.site.skopeo.manifest(ground.site.image)
    assert [each["platform"]["architecture"] for each in index["manifests"]] == ["amd64", "arm64"]
    again = ground.build("--tag", ground.tag, "--runtime", runtime, *allowed, base=base.reference)
    assert "No changes" in again.out
    assert left_behind(ground.podman) == ""


def test_a_registry_with_a_certificate_that_nobody_knows(
    ground: Ground, tls_registry: RunningRegistry, repository: str
) -> None:
    tag = f"{tls_registry.host}/{repository}/vddk:8.0.1"
    words = ("--tag", tag, "--push", "--public-registry", "allow")
    refused = ground.build(*words)
    assert refused.code == 1
    assert "if it speaks TLS" in refused.err
    done = ground.build(*words, "--push-insecure-skip-tls", "--runtime", "podman")
    assert done.code == 0, done.out + done.err
    assert tls_registry.tags(f"{repository}/vddk")


def test_public_places_are_refused_in_words_of_the_command_line(ground: Ground) -> None:
    done = ground.build("--tag", ground.tag, "--push")
    assert done.code == 1
    assert "add --public-registry warn (or allow)" in done.err
    assert ground.site.digest is None


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--tag", "quay.io/x/vddk:1", "--set-controller-image"), 64, "--set-controller-image needs --push"),
        (("--tag", "quay.io/x/vddk"), 64, "--tag takes IMAGE:TAG"),
        (("--tag", "quay.io/x/vddk:1", "--context", "a"), 64, "go with --set-controller-image"),
        (("--tag", "quay.io/x/vddk:1", "--build-arg", "x"), 64, "is not NAME=VALUE"),
        (("--tag", "vddk:1"), 1, "names no registry"),
        (("--tag", "quay.io/x/vddk:1", "--runtime", "docker"), 1, "docker is not on the path"),
        (("--tag", "quay.io/x/vddk:1"), 1, "neither podman nor docker is on the path"),
    ],
)
def test_bad_words(ground: Ground, tmp_path: Path, words: tuple[str, ...], code: int, says: str) -> None:
    (tmp_path / "empty").mkdir()
    done = ground.build(*words, PATH=str(tmp_path / "empty"))
    assert done.code == code, done.out + done.err
    assert says in done.err
    assert "(command line)" not in done.err


def test_an_archive_that_is_not_there(ground: Ground) -> None:
    (ground.site.root / "eight.tar.gz").unlink()
    done = ground.build("--tag", ground.tag, "--push")
    assert done.code == 1
    assert "eight.tar.gz: there is no such file" in done.err
    assert "(command line)" not in done.err


def test_kubectl_finds_it_as_a_plugin(vddkctl: Vddkctl) -> None:
    """``pip install`` puts both names beside each other; kubectl runs the second as ``kubectl vddk``."""
    plugin = Path(sys.executable).with_name("kubectl-vddk")
    assert plugin.is_file(), "make sets this up: scripts/venv.sh"
    path = f"{plugin.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["kubectl", "vddk", "version"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == vddkctl("version").out
