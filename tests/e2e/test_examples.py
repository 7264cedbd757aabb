"""Each example runs, and says what its own head promises."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.certificates import make_authority
from tests.support.registries import PASSWORD, USERNAME, serve_tls
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "examples"
    shutil.copytree(EXAMPLES, target)
    return target


def test_gitops_is_applied_and_then_as_declared(vddkctl: Vddkctl, copy: Path) -> None:
    here = copy / "gitops"
    assert vddkctl("plan", "--summary", cwd=here).out == (
        "Plan: 0 to create, 4 to update, 0 to release; 0 unchanged.\n"
    )
    assert vddkctl("apply", "--auto-approve", cwd=here).code == 0
    assert vddkctl("plan", "--detailed-exitcode", cwd=here).code == 0
    assert vddkctl("drift", cwd=here).out == "No drift.\n"


def test_air_gapped_builds_its_image(vddkctl: Vddkctl, copy: Path, tmp_path: Path) -> None:
    here = copy / "air-gapped"
    archive = make_archive(tmp_path / "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", size=40_000)
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(here / "base", "8.10", busybox)
    applied = vddkctl("apply", "--auto-approve", cwd=here, env={"VDDK_ARCHIVE": str(archive)})
    assert (applied.code, applied.out.splitlines()[-1]) == (0, "Applied: 2 of 2 changes done.")
    assert "registry.inside.example.com/migration/vddk@sha256:" in (here / "gitops/forklift.yaml").read_text()


def test_registries_goes_from_staging_to_production(vddkctl: Vddkctl, copy: Path, tmp_path: Path) -> None:
    here = copy / "registries"
    archive = make_archive(tmp_path / "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", size=40_000)
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(here / "base", "8.10", busybox)
    authority = make_authority(tmp_path / "ca")
    with (
        serve_tls(tmp_path / "staging", authority=authority, password=True) as staging,
        serve_tls(tmp_path / "production", authority=authority, password=True) as production,
    ):
        spec = (here / "site.yaml").read_text()
        for name, registry in (("staging", staging), ("production", production)):
            spec = spec.replace(f"{name}.company.com", registry.host)
        (here / "site.yaml").write_text(spec)
        (here / "ca.pem").write_bytes(authority.certificate.read_bytes())
        login = {"auth": base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}
        (here / "auth.json").write_text(json.dumps({"auths": {staging.host: login, production.host: login}}))
        env = {"VDDK_ARCHIVE": str(archive), "REGISTRY_AUTH_FILE": str(here / "auth.json")}
        target = f"{production.host}/migration/vddk:8.0.1"
        for words in (
            ("image", "copy", "oci:./base:8.10", f"{staging.host}/ubi8/ubi-minimal:8.10"),
            ("apply", "--auto-approve"),
            ("plan", "--detailed-exitcode"),
            ("image", "copy", "vddk-8", target),
            ("image", "verify", target, "--archive", str(archive)),
        ):
            done = vddkctl(*words, cwd=here, env=env)
            assert done.code == 0, done.err
        assert production.tags("migration/vddk") == staging.tags("migration/vddk")


def test_full_is_valid_and_plan_asks_for_its_cluster(vddkctl: Vddkctl, copy: Path) -> None:
    here = copy / "full"
    assert vddkctl("validate", cwd=here).code == 0
    planned = vddkctl("plan", cwd=here)
    assert planned.code == 1
    assert "there is no kubeconfig" in planned.err
