"""The life of an image: declared, planned, pushed to staging, promoted to production, proven, and watched."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Completed, Golden, Vddkctl
from tests.support.registries import PASSWORD, USERNAME, serve_tls
from tests.support.running_registry import RunningRegistry
from tests.support.sites import FILES
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive

SPEC = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: frankfurt}}
cluster: {{manifests: ./gitops}}
registries:
  {staging}: {{caFile: ./ca.pem}}
  {production}: {{tls: plain-http}}
images:
  vddk-8:
    archive: {{path: ./VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz, sha256: {sha256}}}
    repository: {staging}/migration/vddk
    tag: 8.0.1
    platforms: [linux/amd64]
    base: {staging}/ubi8/ubi-minimal:8.10
    builder: native
controller:
  vddkImage: vddk-8
providers:
  prod: {{aio: true, buffers: large}}
  test: {{vddkImage: inherit}}
"""


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """HTTPS with an authority of its own, and a password."""
    with serve_tls(tmp_path_factory.mktemp("staging"), password=True) as registry:
        yield registry


@dataclass(frozen=True)
class Life:
    """A site between two registries, and the command line in its folder."""

    root: Path
    staging: RunningRegistry
    production: RunningRegistry
    vddkctl: Vddkctl

    def run(self, *words: str) -> Completed:
        return self.vddkctl(*words, cwd=self.root, env={"REGISTRY_AUTH_FILE": str(self.root / "auth.json")})

    def skopeo(self, *words: str) -> str:
        """Another hand, or a witness; it knows both registries."""
        done = subprocess.run(
            ["skopeo", *words], cwd=self.root, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plain(self, text: str) -> str:
        """Without what differs between runs."""
        hosts = text.replace(self.staging.host, "staging:5000").replace(
            self.production.host, "production:5000"
        )
        return re.sub(r"sha256:[0-9a-f]{8,64}", "sha256:<digest>", hosts)


@pytest.fixture
def life(tmp_path: Path, staging: RunningRegistry, token_registry: RunningRegistry, vddkctl: Vddkctl) -> Life:
    root = tmp_path / "frankfurt"
    (root / "gitops").mkdir(parents=True)
    for name, text in FILES.items():
        (root / "gitops" / name).write_text(text)
    archive = make_archive(root / "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", size=400_000)
    sha256 = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True).stdout[:64]
    assert staging.ca
    (root / "ca.pem").write_bytes(staging.ca.read_bytes())
    login = {"auth": base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}
    auths = {staging.host: login, token_registry.host: login}
    (root / "auth.json").write_text(json.dumps({"auths": auths}))
    spec = SPEC.format(staging=staging.host, production=token_registry.host, sha256=sha256)
    (root / "site.yaml").write_text(spec)
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(root / "base", "8.10", busybox)
    life = Life(root, staging, token_registry, vddkctl)
    copied = life.run("image", "copy", "oci:./base:8.10", f"{staging.host}/ubi8/ubi-minimal:8.10")
    assert copied.code == 0, copied.err
    return life


def test_from_the_archive_to_production_and_on(life: Life, golden: Golden) -> None:
    planned = life.run("plan", "--detailed-exitcode")
    assert planned.code == 2, planned.err
    golden("e2e/promotion_plan.txt", life.plain(planned.out))

    applied = life.run("apply", "--auto-approve")
    assert applied.code == 0, applied.err
    again = life.run("plan", "--detailed-exitcode")
    assert (again.code, again.out.splitlines()[-1]) == (0, "No changes: 4 addresses are as declared."), (
        again.err
    )
    assert life.run("drift").out == "No drift.\n"

    target = f"{life.production.host}/prod/vddk:8.0.1"
    promoted = life.run("image", "copy", "vddk-8", target)
    assert promoted.code == 0, promoted.err
    verified = life.run(
        "image", "verify", target, "--archive", "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz"
    )
    assert verified.code == 0, verified.out + verified.err
    pinned = (life.root / "gitops" / "forklift.yaml").read_text()
    digest = life.production.tags("prod/vddk")["8.0.1"]
    assert f"{life.staging.host}/migration/vddk@{digest}" in pinned

    creds = f"{USERNAME}:{PASSWORD}"
    seen = json.loads(life.skopeo("inspect", "--tls-verify=false", "--creds", creds, f"docker://{target}"))
    assert seen["Digest"] == digest


def test_a_tag_that_another_hand_moves_is_drift_and_put_back(life: Life, golden: Golden) -> None:
    assert life.run("apply", "--auto-approve").code == 0
    image = f"docker://{life.staging.host}/migration/vddk:8.0.1"
    base = f"docker://{life.staging.host}/ubi8/ubi-minimal:8.10"
    creds = f"{USERNAME}:{PASSWORD}"
    both = ("--src-tls-verify=false", "--src-creds", creds, "--dest-tls-verify=false", "--dest-creds", creds)
    life.skopeo("--insecure-policy", "copy", *both, base, image)

    drift = life.run("drift")
    assert drift.code == 3
    golden("e2e/promotion_drift.txt", life.plain(drift.out))
    assert life.run("plan", "--detailed-exitcode").code == 2
    assert life.run("apply", "--auto-approve").code == 0
    assert life.run("drift").code == 0


def test_without_the_archive_its_declared_checksum_is_enough(life: Life) -> None:
    assert life.run("apply", "--auto-approve").code == 0
    next(life.root.glob("VMware-*")).unlink()
    planned = life.run("plan", "--detailed-exitcode")
    assert (planned.code, planned.out.splitlines()[-1]) == (0, "No changes: 4 addresses are as declared."), (
        planned.err
    )
    verified = life.run("image", "verify", "vddk-8")
    assert verified.code == 0, verified.out + verified.err


def test_no_secret_is_in_any_output(life: Life) -> None:
    words = ("plan", "-o", "plan.json"), ("apply", "plan.json"), ("drift", "--output", "json"), ("explain",)
    for each in words:
        done = life.run(*each)
        assert done.code == 0, done.err
        assert PASSWORD not in done.out + done.err
        assert base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode() not in done.out + done.err
    for path in life.root.rglob("*"):
        if path.is_file() and path.name != "auth.json":
            assert PASSWORD.encode() not in path.read_bytes()
