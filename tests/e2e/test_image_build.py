"""One image from the command line, as people who know ``kubectl mtv create vddk-image`` ask for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Vddkctl
from tests.registry.samples import base_image
from tests.support.engines import docker_service, left_behind, podman_environment
from tests.support.forward_proxy import forward_proxy
from tests.support.image_ground import Ground, make_ground
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, Skopeo
from vddkctl.demo.elf_writer import shared_object
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


NAME = "quay.io/company/vddk:8.0.1"


@pytest.mark.parametrize("runtime", ["native", "podman", "auto"])
def test_without_a_push_it_is_in_podmans_storage(ground: Ground, runtime: str) -> None:
    done = ground.build("--tag", NAME, "--runtime", runtime)
    assert done.code == 0, done.err
    assert "+ image.vddk" in done.out
    assert "✓ image.vddk  created\n" in done.out
    identity = done.out.splitlines()[-1]
    assert NAME in ground.podman("inspect", "--format", "{{.RepoTags}}", identity)
    with ground.podman.files(NAME) as root:
        assert (root / "vmware-vix-disklib-distrib" / "lib64" / "libvixDiskLib.so").is_symlink()
    ground.podman("rmi", "--force", NAME)
    assert left_behind(ground.podman) == ""


def test_without_a_push_dockers_own_id_is_told(ground: Ground) -> None:
    with docker_service(ground.podman) as docker:
        done = ground.build("--tag", NAME, "--runtime", "docker", **docker)
        assert done.code == 0, done.out + done.err
        identity = done.out.splitlines()[-1]
        env = {**os.environ, **docker}
        words = ["docker", "inspect", "--format", "{{.RepoTags}}", identity]
        assert NAME in subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout


def test_a_name_that_podman_has_goes_over_to_the_new_image(ground: Ground) -> None:
    first = ground.build("--tag", NAME).out.splitlines()[-1]
    (ground.site.root / "own.dockerfile").write_text(f"FROM {ground.site.base.reference}\nENV TOOLS=yes\n")
    done = ground.build("--tag", NAME, "--dockerfile", "own.dockerfile", base=None)
    assert done.code == 0, done.err
    assert "± image.vddk" in done.out
    assert f"the name is that of {first} until then, which stays [name-moves]" in done.out
    second = done.out.splitlines()[-1]
    assert first != second
    assert ground.podman("inspect", "--format", "{{.RepoTags}}", first).strip() == "[]"
    assert NAME in ground.podman("inspect", "--format", "{{.RepoTags}}", second)


def test_a_dry_run_without_a_push_shows_the_plan_and_does_nothing(ground: Ground) -> None:
    done = ground.build("--tag", NAME, "--runtime", "podman", "--dry-run")
    assert done.code == 0, done.err
    assert "build     with podman, the usual Dockerfile" in done.out
    assert done.err.endswith("Nothing was done.\n")
    assert left_behind(ground.podman) == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dockerfile", "nope.df"), "nope.df: no such Dockerfile\n  check the path"),
        (("--base", "{host}/nope:1"), "{host}/nope:1"),
        (("--base", "{host}/nope:1", "--runtime", "podman"), "{host}/nope:1"),
        (("--platform", "arm64"), "VDDK on x86-64 only"),
    ],
)
def test_a_dry_run_finds_what_would_fail(ground: Ground, words: tuple[str, ...], says: str) -> None:
    host = ground.site.host
    base = "" if "--platform" in words else None
    for pushed in ((), ("--push",)):
        more = (word.format(host=host) for word in words)
        done = ground.build("--tag", ground.tag, *more, *pushed, "--dry-run", base=base)
        assert done.code == 1, done.out
        assert says.format(host=host) in done.err


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
    machines = {"amd64": "x86_64", "arm64": "aarch64"}
    images = [
        base_image(Platform("linux", name), content=shared_object(None, machine=machine, total=4096))
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
    name = "registry.example.com"
    with forward_proxy(ground.site.registry) as proxy:
        words = ("--tag", ground.tag.replace(ground.site.host, name), "--plain-http", name, "--push")
        done = ground.build(*words, HTTP_PROXY=proxy.url)
    assert done.code == 1
    assert "add --public-registry warn (or allow)" in done.err
    assert "and this is refused: make the repository private" in done.out
    assert "policy." not in done.out + done.err
    assert ground.site.digest is None


def test_of_an_open_registry_on_this_machine_a_warning_is_enough(ground: Ground) -> None:
    refused = ground.build("--tag", ground.tag, "--push", "--public-registry", "deny")
    assert (refused.code, ground.site.digest) == (1, None)
    done = ground.build("--tag", ground.tag, "--push")
    assert done.code == 0, done.err
    assert "anyone can pull" in done.out
    assert "(--public-registry is warn) [public-registry]" in done.out
    assert done.out.splitlines()[-1] == f"{ground.tag}@{ground.site.digest}"


@pytest.mark.parametrize("push", [(), ("--push",)], ids=["kept here", "pushed"])
def test_a_build_that_fails_speaks_of_no_spec(ground: Ground, push: tuple[str, ...]) -> None:
    (ground.site.root / "bad.dockerfile").write_text(f"FROM {ground.site.base.reference}\nCOPY nowhere /x\n")
    words = ("--tag", ground.tag, "--dockerfile", "bad.dockerfile", "--build-dir", "work", *push)
    done = ground.build(*words, base=None)
    assert done.code == 1
    assert "failed: build vddk" in done.out
    assert "Run the same again to finish." in done.out
    assert "vddkctl apply" not in done.out + done.err
    assert left_behind(ground.podman) == ""


def test_a_folder_to_build_in_that_cannot_be_is_told_with_its_option(ground: Ground) -> None:
    words = ("--runtime", "podman", "--build-dir", "eight.tar.gz/folder", "--push")
    done = ground.build("--tag", ground.tag, *words)
    assert done.code == 1
    assert "nothing can be built there: Not a directory\n        set --build-dir" in done.out


def test_a_folder_is_no_place_for_a_clusters_image(ground: Ground) -> None:
    words = ("--tag", "oci:./lay:9", "--push", "--set-controller-image", "--manifests", "gitops")
    before = (ground.site.root / "gitops" / "forklift.yaml").read_text()
    done = ground.build(*words)
    assert done.code == 64
    assert "needs an image in a registry: no cluster can pull from oci:./lay" in done.err
    assert (ground.site.root / "gitops" / "forklift.yaml").read_text() == before
    assert not (ground.site.root / "lay").exists()


def test_a_controller_that_is_not_there_is_no_wrong_command_line(ground: Ground) -> None:
    (ground.site.root / "empty").mkdir()
    words = ("--push", "--set-controller-image", "--manifests", "empty")
    done = ground.build("--tag", ground.tag, *words)
    assert done.code == 1
    assert "no ForkliftController in" in done.err
    elsewhere = ground.build("--tag", ground.tag, *words[:-1], "gitops", "-n", "elsewhere")
    assert elsewhere.code == 1
    assert "(say which with --namespace)" in elsewhere.err


@pytest.mark.parametrize("word", ["-v=2", "--verbose=2", "-vv"])
def test_the_number_of_vs_is_said_as_to_kubectl(ground: Ground, word: str) -> None:
    done = ground.build("--tag", ground.tag, "--runtime", "podman", "--push", word)
    assert done.code == 0, done.err
    assert "STEP 1" in done.err


@pytest.mark.parametrize("push", [(), ("--push",)], ids=["kept here", "pushed"])
def test_an_interrupted_build_leaves_nothing_behind(ground: Ground, push: tuple[str, ...]) -> None:
    words = ("--tar", "eight.tar.gz", "--tag", ground.tag, "--base", ground.site.base.reference, *push)
    process = subprocess.Popen(
        [sys.executable, "-m", "vddkctl", "image", "build", *words, "--runtime", "podman", "-v"],
        cwd=ground.site.root,
        env={**os.environ, **podman_environment(ground.podman), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    for line in process.stderr:
        if "STEP 1" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted; what was done stays." in out
    assert ground.site.digest is None
    assert left_behind(ground.podman) == ""


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--tag", "quay.io/x/vddk:1", "--set-controller-image"), 64, "--set-controller-image needs --push"),
        (("--tag", "quay.io/x/vddk"), 64, "--tag takes IMAGE:TAG"),
        (("--tag", "quay.io/x/vddk:1", "--context", "a"), 64, "go with --set-controller-image"),
        (("--tag", "quay.io/x/vddk:1", "--active-migrations", "wait"), 64, "go with --set-controller-image"),
        (("--tag", "quay.io/x/vddk:1", "--build-arg", "x"), 64, "is not NAME=VALUE"),
        (
            ("--tag", "quay.io/x/vddk:1", "--runtime", "native", "--build-dir", "b"),
            64,
            "--build-dir has no use with --runtime native; name another --runtime: podman, docker or auto",
        ),
        (
            ("--tag", "quay.io/x/vddk:1", "--runtime", "podman", "--build-arg", "a=b"),
            64,
            "--build-arg has no use without a Dockerfile",
        ),
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
