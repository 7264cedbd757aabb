"""A site whose image and base are in a registry: plan, apply, and what other hands do meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from threading import Barrier, Event

import pytest

from tests.conftest import ROOT, Golden, Vddkctl
from tests.support.fault_proxy import faults
from tests.support.faults import Stall
from tests.support.registries import PASSWORD, READER
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import CONTROLLER, EIGHT, PROD
from tests.support.witnesses import Podman, Skopeo

NO_CHANGES = "No changes: 3 addresses are as declared.\n"


@pytest.fixture
def site(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> RegistrySite:
    return make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)


def test_a_plan_names_the_registry_and_apply_does_what_it_says(
    site: RegistrySite, podman: Podman, golden: Golden
) -> None:
    planned = site.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    golden("registry/plan.txt", site.plain(planned.out))
    assert site.digest is None

    applied = site.apply()
    assert f"✓ {EIGHT}  created" in applied.out
    controller = (site.root / "gitops" / "forklift.yaml").read_text()
    assert f"vddk_image: {site.host}/{site.repository}/vddk@{site.digest}" in controller
    image = podman.pull(site.image)
    with podman.files(image) as root:
        assert (root / "vmware-vix-disklib-distrib" / "lib64" / "libvixDiskLib.so.8").is_symlink()
    assert site.run("drift").out == "No drift.\n"


def saved(site: RegistrySite) -> str:
    assert site.run("plan", "-o", "plan.json").code == 0
    return "plan.json"


def test_a_plan_without_changes_asks_once_for_the_image_and_once_for_the_base(
    tmp_path: Path, own_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    with faults(own_registry) as proxy:
        site = make_registry_site(
            tmp_path / "site", own_registry, repository, vddkctl, skopeo, host=proxy.host
        )
        site.apply()
        before = len(proxy.requests())
        assert site.run("plan", "--summary").out == NO_CHANGES
        asked = [(seen.method, seen.path) for seen in proxy.requests()[before:]]
        assert sorted(asked) == [
            ("HEAD", f"/v2/{repository}/base/manifests/small"),
            ("HEAD", f"/v2/{repository}/vddk/manifests/8.0.1"),
        ]

        site.change("base:small", f"base:small@{site.base_digest}")
        before = len(proxy.requests())
        assert site.run("plan", "--summary").out == NO_CHANGES
        (only,) = proxy.requests()[before:]
        assert (only.method, only.path) == ("HEAD", f"/v2/{repository}/vddk/manifests/8.0.1")


def test_tags_are_asked_for_at_the_same_time(
    tmp_path: Path, own_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    both = Barrier(2, timeout=20)
    waits = (
        Stall("HEAD", "/vddk/manifests/", until=both.wait),
        Stall("HEAD", "/other/manifests/", until=both.wait),
    )
    with faults(own_registry, *waits) as proxy:
        site = make_registry_site(
            tmp_path / "site", own_registry, repository, vddkctl, skopeo, host=proxy.host
        )
        other = "images:\n  other:\n    archive: {path: ./seven.tar.gz}\n    tag: 7.0.3\n"
        other += (
            f"    repository: {site.host}/{repository}/other\n    base: {site.host}/{repository}/base:small\n"
        )
        site.change("images:\n", other)
        assert site.run("plan").code == 0
        assert not both.broken


def test_a_tag_that_skopeo_moved_is_drift_and_put_back(site: RegistrySite, golden: Golden) -> None:
    site.apply()
    ours = site.digest
    site.skopeo.copy(site.base, site.image)
    drift = site.run("drift")
    assert drift.code == 3
    golden("registry/drift.txt", site.plain(drift.out))
    (moved,) = json.loads(site.run("drift", "--output", "json").out)["drift"]
    assert (moved["address"], moved["reason"], moved["fields"][0]["before"]) == (
        EIGHT,
        "tag-moved",
        site.base_digest,
    )
    assert moved["found"]["created"] == "2024-01-01T00:00:00Z"
    site.apply()
    assert site.digest == ours
    assert site.run("drift").code == 0


def test_a_tag_that_names_another_archives_image_says_which(site: RegistrySite) -> None:
    site.apply()
    site.change("eight.tar.gz", "seven.tar.gz")
    planned = site.run("plan")
    assert "± image.vddk-8                                    archive-changed\n" in planned.out
    assert "\n      was       VDDK 8.0.1, archive sha256:" in planned.out
    site.apply()
    assert site.run("plan", "--detailed-exitcode").code == 0


def test_an_image_that_was_deleted_is_absent_and_drift(site: RegistrySite) -> None:
    site.apply()
    site.skopeo.delete(site.image)
    assert site.run("drift").code == 3
    (change,) = site.plan()["changes"]
    assert (change["reason"], change["origin"]) == ("absent", "drift")
    site.apply()
    assert site.run("drift").code == 0


def test_a_saved_plan_is_done_wherever_the_site_is_with_the_registrys_settings(
    tmp_path: Path, tls_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    site = make_registry_site(tmp_path / "site", tls_registry, repository, vddkctl, skopeo)
    assert tls_registry.ca
    (site.root / "ca.pem").write_bytes(tls_registry.ca.read_bytes())
    site.change("images:\n", f"registries: {{{site.host}: {{caFile: ./ca.pem}}}}\nimages:\n")
    plan = json.loads((site.root / saved(site)).read_text())
    assert plan["location"]["registries"] == {site.host: {"caFile": "./ca.pem"}}
    assert plan["publicRegistry"] == "warn"

    moved = site.root.rename(tmp_path / "moved")
    gone = vddkctl("apply", "plan.json", cwd=moved)
    assert gone.code == 1
    assert "say where the site is now" in gone.err
    done = vddkctl("apply", "plan.json", "-f", "site.yaml", cwd=moved)
    assert done.code == 0, done.out + done.err
    assert done.err == f"frankfurt: {moved}/gitops, namespace openshift-mtv, {site.host}\n"
    assert site.digest


def test_a_plan_with_other_settings_than_vddkctl_writes_is_refused(site: RegistrySite) -> None:
    path = site.root / saved(site)
    path.write_text(
        path.read_text().replace('"registries": {}', f'"registries": {{"{site.host}": {{"tls": "off"}}}}')
    )
    done = site.run("apply", "plan.json")
    assert done.code == 1
    assert f"the plan's part about the registry {site.host} is not what vddkctl wrote" in done.err


def test_a_registry_that_is_gone_is_no_drift_but_a_failure(site: RegistrySite) -> None:
    site.apply()
    site.change(site.host, "localhost:1")
    for command in ("plan", "drift"):
        done = site.run(command)
        assert (done.code, done.out) == (1, "")
        assert (
            f"image vddk-8: localhost:1/{site.repository}/vddk:8.0.1: cannot read the tag 8.0.1" in done.err
        )


def test_other_changes_are_done_when_the_image_cannot_be_pushed(
    tmp_path: Path, token_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    site = make_registry_site(tmp_path / "site", token_registry, repository, vddkctl, skopeo)
    auth = site.root / "auth.json"
    writer = auth.read_text()
    reader = b64encode(f"{READER}:{PASSWORD}".encode()).decode()
    auth.write_text(json.dumps({"auths": {site.host: {"auth": reader}}}))
    done = site.run("apply", "--auto-approve", "--output", "json")
    assert done.code == 4
    ends = {each["address"]: each["status"] for each in json.loads(done.out)["results"]}
    assert ends == {EIGHT: "failed", CONTROLLER: "skipped", PROD: "done"}
    assert site.digest is None
    auth.write_text(writer)
    site.apply()
    assert site.digest


def test_an_interrupt_does_not_wait_for_a_registry_that_is_silent(
    tmp_path: Path, own_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    asked, over = Event(), Event()

    def silent() -> None:
        asked.set()
        over.wait()

    with faults(own_registry, Stall("HEAD", "/vddk/manifests/", until=silent)) as proxy:
        site = make_registry_site(
            tmp_path / "site", own_registry, repository, vddkctl, skopeo, host=proxy.host
        )
        words = [sys.executable, "-m", "vddkctl", "plan"]
        # Without a limit of its own: only the interrupt can end it.
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "VDDKCTL_REGISTRY_TIMEOUT": "100000"}
        process = subprocess.Popen(words, cwd=site.root, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            over.set()
            process.kill()
        assert (process.returncode, said) == (130, "Interrupted.\n")
