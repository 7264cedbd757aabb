"""The pieces for Kubernetes: taken by a real API server, and run as the CronJob would run them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.e2e.live.test_example import example, registry
from tests.e2e.live.test_rights import documented
from tests.support.hooks import hook
from tests.support.live_sites import Ended, LiveSite
from tests.support.pods import Container, container_of
from tests.support.running_registry import RunningRegistry
from tests.support.vddkctl_image import VddkctlImage, build_vddkctl

__all__ = ["example", "registry"]

IMAGE = "registry.example.com/tools/vddkctl:0.1.0"
SITE = "frankfurt"
"""The example's."""
NAME = f"vddkctl-drift-{SITE}"


@pytest.fixture(scope="session")
def own_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VddkctlImage]:
    with build_vddkctl(tmp_path_factory.mktemp("own-image")) as built:
        yield built


@pytest.fixture
def declared(example: LiveSite) -> LiveSite:
    """The example, with its archive's checksum declared: inside the cluster there is no archive."""
    archive = next(example.root.glob("*.tar.gz"))
    spec = (example.root / "site.yaml").read_text()
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    spec = spec.replace(f"{{path: ./{archive.name}}}", f"{{path: ./{archive.name}, sha256: {checksum}}}")
    assert checksum in spec
    (example.root / "site.yaml").write_text(spec)
    return example


def scheduled(site: LiveSite, *words: str) -> list[Any]:
    """The objects, as this server has them."""
    ended = site.run("schedule", "kubernetes", "--image", IMAGE, *words)
    assert ended.code == 0, ended.err
    into = Path(words[words.index("--into") + 1], f"{NAME}.yaml") if "--into" in words else None
    objects = list(YAML(typ="safe").load_all(into.read_text() if into else ended.out))
    [cron_job] = [each for each in objects if each["kind"] == "CronJob"]
    assert cron_job["apiVersion"] == "batch/v1"
    _, served = site.server.request("GET", "/apis/batch/v1")
    if "cronjobs" not in {each["name"] for each in served["resources"]}:
        # Before Kubernetes 1.21 the same object is served as v1beta1.
        cron_job["apiVersion"] = "batch/v1beta1"
    return objects


def kubectl_apply(site: LiveSite, objects: list[Any], *words: str) -> str:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    return site.server.kubectl("apply", "-f", "-", *words, stdin=text)


def test_a_real_server_takes_every_object_in_a_dry_run(declared: LiveSite) -> None:
    told = ("--notify", "https://example.com/hook", "--report", "drift.html", "--claim", "kept")
    objects = scheduled(declared, *told, "--every", "1h", "--heal")
    said = kubectl_apply(declared, objects, "--dry-run=server", "--validate=true")
    assert len(said.splitlines()) == len(objects)
    assert all(
        line.endswith(("created (server dry run)", "created (dry run)")) for line in said.splitlines()
    ), said
    assert "https://example.com/hook" not in str(objects)


def test_the_pod_may_do_as_little_as_the_strictest_standard_asks(declared: LiveSite) -> None:
    """Pod Security Standards, "restricted"."""
    [cron_job] = [each for each in scheduled(declared) if each["kind"] == "CronJob"]
    assert cron_job["spec"]["concurrencyPolicy"] == "Forbid"
    job = cron_job["spec"]["jobTemplate"]["spec"]
    assert job["backoffLimit"] == 0
    pod = job["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    kinds = {kind for volume in pod["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "secret"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def test_the_rights_are_the_documented_ones_and_less(declared: LiveSite, site: LiveSite) -> None:
    pages = {name: rules for name, (_, rules) in documented().items()}
    objects = scheduled(declared)
    everywhere = [each["rules"] for each in objects if each["kind"] == "ClusterRole"]
    assert everywhere == [pages["ClusterRole vddkctl-view"]]
    [beside, elsewhere] = sorted(
        (each for each in objects if each["kind"] == "Role"),
        key=lambda role: role["metadata"]["namespace"] != declared.namespace,
    )
    assert beside["rules"][0] == pages["Role vddkctl-view"][0]
    for role in (beside, elsewhere):
        secrets = role["rules"][-1]
        assert (secrets["resources"], secrets["verbs"]) == (["secrets"], ["get"])
        assert "vddk-registry-secret" in secrets["resourceNames"]
    site.write()
    kinds = {each["kind"]: each.get("rules", []) for each in scheduled(site)}
    assert kinds["ClusterRole"] == pages["ClusterRole vddkctl-view"][:1]  # the rest is for pull secrets
    assert kinds["Role"] == pages["Role vddkctl-view"]
    healing = {each["kind"]: each.get("rules", []) for each in scheduled(site, "--heal")}
    assert healing["ClusterRole"] == kinds["ClusterRole"]
    record = f"vddkctl-{site.namespace}"
    expected = json.loads(json.dumps(pages["Role vddkctl-heal"]).replace("vddkctl-frankfurt", record))
    assert healing["Role"] == [*kinds["Role"], *expected]


@dataclass(frozen=True)
class Cronjob:
    """The command of a CronJob, in vddkctl's own image and with the token of its account."""

    image: VddkctlImage
    container: Container

    def run(self) -> Ended:
        made = self.container
        done = self.image.run(
            *made.command, env=made.environment, volumes=made.volumes, writable=made.writable
        )
        return Ended(done.code, done.out, self.image.said(done))


def deployed(site: LiveSite, image: VddkctlImage, folder: Path, *words: str) -> Cronjob:
    """With the Secrets that the head of the file speaks of."""
    objects = scheduled(site, *words)
    kubectl_apply(site, objects)
    login = f"--from-file=auth.json={site.environment['REGISTRY_AUTH_FILE']}"
    secret = ("-n", site.namespace, "create", "secret", "generic")
    site.server.kubectl(*secret, f"{NAME}-login", login)
    if "--into" in words:
        written = folder / "pieces" / f"{NAME}.env"
        site.server.kubectl(*secret, f"{NAME}-notify", f"--from-env-file={written}")
    pod = objects[-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return Cronjob(image, container_of(site.server, site.namespace, pod, folder))


def slower(site: LiveSite) -> None:
    """Somebody else's change."""
    change = {"spec": {"settings": {"useVddkAioOptimization": "false"}}}
    site.patch("providers", "vsphere-prod", change, manager="bob")


def test_its_command_finds_drift_with_the_rights_of_its_account_alone(
    declared: LiveSite, registry: RunningRegistry, own_image: VddkctlImage, tmp_path: Path
) -> None:
    """In vddkctl's own image, without the archive and its base, with the token of the CronJob's account."""
    assert declared.apply().code == 0
    with hook() as hooked:
        into = ("--into", str(tmp_path / "pieces"))
        reports = ("--claim", "kept", "--report", "drift.prom")
        job = deployed(declared, own_image, tmp_path, "--notify", hooked.url, *reports, *into)
        assert job.run() == Ended(0, "", "")
        slower(declared)
        found = job.run()
        assert found.code == 3
        assert f"provider.{declared.namespace}/vsphere-prod" in found.out
        assert "by bob on 20" in found.out
        assert job.run().code == 3
        (told,) = hooked.received  # what was told is remembered in the claim
        assert told.data["summary"]["drift"] == 1
        assert (tmp_path / "kept" / "drift.prom").is_file()
        (tmp_path / "login" / "auth.json").unlink()
        assert job.run().code == 1


def test_one_that_heals_puts_back_what_is_drift_with_just_the_rights_for_that(
    declared: LiveSite, registry: RunningRegistry, own_image: VddkctlImage, tmp_path: Path
) -> None:
    assert declared.apply().code == 0
    job = deployed(declared, own_image, tmp_path, "--heal", "--take", "*")
    slower(declared)
    healed = job.run()
    assert healed.code == 0, healed.err
    assert "Image vddk-8 cannot be made here, so it is compared with what was last applied" in healed.err
    assert declared.settings("vsphere-prod")["useVddkAioOptimization"] == "true"
    assert job.run() == Ended(0, "", "")
    assert len(declared.run("history").out.splitlines()) >= 2  # it is recorded like any run

    account = f"system:serviceaccount:{declared.namespace}:{NAME}"

    def may(verb: str, group: str, kind: str, *names: str) -> bool:
        named = {"resourceNames": names} if names else {}
        return declared.server.may(account, verb, group, kind, declared.namespace, named)

    record = f"vddkctl-{SITE}"
    for verb, group, kind in (("patch", "", "configmaps"), ("update", "coordination.k8s.io", "leases")):
        assert may(verb, group, kind, record)
        assert not may(verb, group, kind, "another")
    for verb in ("create", "delete", "update"):
        for kind in ("providers", "forkliftcontrollers", "storagemaps", "plans", "migrations"):
            assert not may(verb, "forklift.konveyor.io", kind), (verb, kind)
        for kind in ("configmaps", "secrets", "serviceaccounts", "pods"):
            assert not may(verb, "", kind), (verb, kind)
    assert not may("patch", "", "secrets", "vddk-registry-secret")


def test_its_account_may_change_nothing(declared: LiveSite) -> None:
    kubectl_apply(declared, scheduled(declared))
    account = f"system:serviceaccount:{declared.namespace}:{NAME}"

    def may(verb: str, group: str, kind: str) -> bool:
        return declared.server.may(account, verb, group, kind, declared.namespace, {})

    end = time.monotonic() + 10
    while not may("list", "forklift.konveyor.io", "providers"):  # the server needs a moment to take roles in
        assert time.monotonic() < end
    for verb in ("create", "update", "patch", "delete"):
        for kind in ("providers", "forkliftcontrollers", "storagemaps", "plans", "migrations"):
            assert not may(verb, "forklift.konveyor.io", kind), (verb, kind)
        for kind in ("configmaps", "secrets", "serviceaccounts", "pods"):
            assert not may(verb, "", kind), (verb, kind)
        assert not may(verb, "coordination.k8s.io", "leases"), verb
    assert not may("list", "", "secrets")
    assert not may("get", "", "secrets")  # but for those that it names


def test_a_folder_of_manifests_is_not_in_the_cluster(site: LiveSite) -> None:
    site.write(cluster="cluster: {manifests: ./gitops}\n")
    ended = site.run("schedule", "kubernetes", "--image", IMAGE)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("site.yaml:4:11: the settings are a folder of manifests")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", sha256: ", ", #", "image vddk-8 has no archive.sha256, and the archive is not in the cluster"),
        (
            "repository: ",
            "repository: oci:./images #",
            "image vddk-8 is kept in a folder, which is not in the cluster",
        ),
    ],
)
def test_what_cannot_be_compared_in_there_is_refused_with_its_place(
    declared: LiveSite, old: str, new: str, said: str
) -> None:
    lines = (declared.root / "site.yaml").read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if old in line)
    lines[at] = lines[at].replace("{path:", "\n      path:").replace(old, new).replace(", #", "\n      #")
    (declared.root / "site.yaml").write_text("\n".join(lines) + "\n")
    ended = declared.run("schedule", "kubernetes", "--image", IMAGE, "--namespace", declared.namespace)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert ended.err.startswith("site.yaml:")
