"""What the guide does by hand or with ``kubectl mtv create vddk-image``, done with vddkctl, without a cluster.

Each row: what the guide does, our words, and what the output has to say. The page itself, docs/from-kubectl-mtv.md, is
carried out as it is written in ``live/test_guide.py``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, Completed, Vddkctl
from tests.support.engines import docker_service, podman_environment
from tests.support.image_ground import Ground, make_ground
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import Podman, Skopeo
from vddkctl.demo.base import make_base

SITE = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: guide}}
cluster: {{manifests: ./gitops}}
images:
  vddk-8:
    archive: {{path: ./eight.tar.gz}}
    repository: {repository}
    tag: 8.0.1
    base: {base}
controller: {{vddkImage: vddk-8}}
providers:
  prod: {{vddkImage: inherit, aio: true, buffers: {{sizeIn64K: 256, count: 16}}}}
policy: {{publicRegistry: allow}}
"""


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


def run(ground: Ground, *words: str, **more: str) -> Completed:
    return ground.site.run(*words, **{**podman_environment(ground.podman), **more})


BUILDS = [
    ("basic image creation", (), "storage as"),
    ("with automatic push", ("--push",), "✓ image.vddk  created"),
    (
        "standard production build",
        ("--runtime", "podman", "--platform", "amd64", "--push"),
        "✓ image.vddk  created",
    ),
    (
        "build, push and configure the ForkliftController",
        ("--runtime", "podman", "--push", "--set-controller-image", "--manifests", "gitops"),
        "✓ controller.openshift-mtv/forklift-controller  updated",
    ),
    (
        "custom build directory",
        ("--build-dir", "work", "--runtime", "podman", "--push"),
        "✓ image.vddk  created",
    ),
    ("auto-detect runtime", ("--runtime", "auto", "--push"), "✓ image.vddk  created"),
    ("verbose logging", ("--runtime", "podman", "-v"), "STEP 1"),
]


@pytest.mark.parametrize(("guide", "words", "says"), BUILDS, ids=[row[0] for row in BUILDS])
def test_builds(ground: Ground, guide: str, words: tuple[str, ...], says: str) -> None:
    done = ground.build("--tag", ground.tag, *words)
    assert done.code == 0, f"{guide}: {done.out}{done.err}"
    assert says in done.out + done.err
    last = done.out.splitlines()[-1]
    if "--push" in words:
        assert last == f"{ground.tag}@{ground.site.digest}"
    else:
        assert ground.tag in ground.podman("inspect", "--format", "{{.RepoTags}}", last)


def test_insecure_registry_push(ground: Ground, tls_registry: RunningRegistry) -> None:
    """One with a certificate of an authority that nobody knows: refused, and pushed to when that is said."""
    name = f"{ground.site.repository}/vddk"
    words = ("--tag", f"{tls_registry.host}/{name}:8.0.1", "--runtime", "podman", "--push")
    refused = ground.build(*words)
    assert (refused.code, tls_registry.tags(name)) == (1, {})
    assert "--ca-file" in refused.err
    done = ground.build(*words, "--push-insecure-skip-tls")
    assert done.code == 0, done.out + done.err
    assert list(tls_registry.tags(name)) == ["8.0.1"]


def test_force_use_of_docker_with_a_registry_without_tls(ground: Ground) -> None:
    """Its daemon knows nothing of the registry, and need not."""
    with docker_service(ground.podman) as docker:
        words = ("--runtime", "docker", "--push")
        done = ground.build("--tag", ground.tag, *words, **docker)
    assert done.code == 0, done.out + done.err
    assert ground.site.digest


def test_a_custom_dockerfile(ground: Ground) -> None:
    """The guide's own leaves VDDK to the tool, and so does ours: the usual lines come after it."""
    make_base(ground.site.root / "tools", "1", ground.site.root / "busybox")
    (ground.site.root / "custom-vddk.dockerfile").write_text(
        f"FROM {ground.site.base.reference}\n\n# Copy VDDK libraries (will be handled)\nENV TOOLS=1\n"
    )
    words = ("--dockerfile", "custom-vddk.dockerfile", "--push")
    done = ground.build("--tag", ground.tag, *words, base=None)
    assert done.code == 0, done.out + done.err
    verified = run(ground, "image", "verify", ground.tag, "--archive", "eight.tar.gz")
    assert "✓ entrypoint" in verified.out


def test_a_build_that_fails_is_exit_code_1_and_leaves_no_tag(ground: Ground) -> None:
    (ground.site.root / "bad.dockerfile").write_text(f"FROM {ground.site.base.reference}\nCOPY nowhere /x\n")
    words = ("--dockerfile", "bad.dockerfile", "--push")
    done = ground.build("--tag", ground.tag, *words, base=None)
    assert done.code == 1
    assert ground.site.digest is None


def test_arm64_is_refused_with_the_reason(ground: Ground) -> None:
    done = ground.build("--tag", ground.tag, "--platform", "arm64", "--push")
    assert done.code == 1
    assert "CDI and Forklift run VDDK on x86-64 only" in done.err


def test_verification_of_the_build(ground: Ground) -> None:
    ground.build("--tag", ground.tag, "--push")
    inspected = run(ground, "image", "inspect", ground.tag)
    assert "VDDK        8.0.1" in inspected.out
    assert "entrypoint  cp -r /vmware-vix-disklib-distrib /opt" in inspected.out
    archive = run(ground, "archive", "inspect", "eight.tar.gz")
    assert archive.code == 0
    assert "8.0.1" in archive.out


def test_the_hierarchy_is_declared_and_explained(ground: Ground) -> None:
    """Per provider, the controller, and the environment variable; buffers under the key that the library reads."""
    spec = SITE.format(repository=ground.tag.removesuffix(":8.0.1"), base=ground.site.base.reference)
    (ground.site.root / "site.yaml").write_text(spec)
    dry = run(ground, "plan", "--detailed-exitcode")
    assert dry.code == 2
    applied = run(ground, "apply", "--auto-approve")
    assert applied.code == 0, applied.out + applied.err
    explained = run(ground, "explain", "prod", MTV_VDDK_INIT_IMAGE="quay.io/your-registry/vddk:8.0.1")
    assert re.search(r"controller +vddk_image +\S+@sha256:\S+ +.*wins", explained.out), explained.out
    assert "MTV_VDDK_INIT_IMAGE" in explained.out
    manifest = (ground.site.root / "gitops" / "prod.yaml").read_text()
    assert "VixDiskLib.nfcAio.Session.BufSizeIn64KB=256" in manifest
    assert "VixDiskLib.nfcAio.Session.BufCount=16" in manifest
    status = run(ground, "status", "prod")
    assert "version  VDDK 8.0.1" in status.out
    assert "aio      on, buffers 256 × 64 KiB × 16" in status.out


def test_several_platforms_under_one_name(ground: Ground) -> None:
    """``podman manifest create, add, push``: over images that are pushed already."""
    public = ("--push",)
    one = f"{ground.tag}-amd64"
    assert ground.build("--tag", one, *public).code == 0
    done = run(ground, "image", "index", ground.tag, one, "--public-registry", "allow")
    assert done.code == 0, done.out + done.err
    assert (
        ground.site.skopeo.manifest(ground.site.image)["manifests"][0]["platform"]["architecture"] == "amd64"
    )


def test_container_runtime_disk_space_and_registry_are_the_doctors(ground: Ground) -> None:
    """``podman --version``, ``df -h /tmp``, ``podman login``; this registry fails one check: anyone can pull there."""
    done = run(ground, "doctor", "--tar", "eight.tar.gz", "--registry", ground.tag, "--output", "json")
    found = {(each["group"], each["name"]): each for each in json.loads(done.out)["checks"]}
    place = ground.tag.removesuffix(":8.0.1")
    statuses = {name: each["status"] for name, each in found.items()}
    assert statuses["engines", "podman"] == "pass"
    version = ground.podman("--version").strip().removeprefix("podman version ")
    assert found["engines", "podman"]["detail"].startswith(f"{version},")
    assert statuses["disk", "temporary folder"] == "pass"
    assert str(ground.podman.folder / "tmp") in found["disk", "temporary folder"]["detail"]
    assert statuses["disk", "temporary folder links"] == "pass"
    assert statuses["registry", f"{place} push"] == "pass"
    assert statuses["registry", f"{place} private"] == "fail"
    assert done.code == 1


def test_every_option_that_the_page_names_is_one_of_image_build(vddkctl: Vddkctl) -> None:
    page = (ROOT / "docs" / "from-kubectl-mtv.md").read_text(encoding="utf-8")
    build = vddkctl("image", "build", "--help").out
    options = set(re.findall(r"[`( ](--[a-z-]+)", page.partition("## Looking")[0]))
    assert len(options) >= 18
    assert [option for option in sorted(options) if option not in build] == []
