"""What `vddkctl status` says of a live cluster.

The API server is real. Pods are objects of it with the status that a kubelet would write; the metrics server is a small
one of ours behind a real APIService.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.live.test_rights import grant
from tests.support.kubelet import DONE, NO_PULL, RUNS, SIDE_CAR, STARTS, pod_status, vddk_spec
from tests.support.live_sites import IMAGE, MERGE, OTHER, LiveSite
from tests.support.metrics_api import serve_metrics
from tests.support.terminal import CTRL_C, at_terminal

APPS = "/apis/apps/v1"
GOOD = ("ConnectionTestSucceeded", "InventoryCreated", "Ready")
DEPLOYMENT = "forklift-controller"


def deploy(site: LiveSite, image: str) -> None:
    """Forklift's own Deployment, rolled out, with an image in its environment."""
    env = [{"name": "VDDK_IMAGE", "value": image}]
    containers = [{"name": "main", "image": "forklift", "env": env}]
    labels = {"app": "forklift"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    site.server.create(site.path("deployments", group=APPS), {"metadata": {"name": DEPLOYMENT}, "spec": spec})
    status = {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "availableReplicas": 1,
        "readyReplicas": 1,
    }
    path = site.path("deployments", DEPLOYMENT, group=APPS) + "/status"
    assert site.server.request("PATCH", path, {"status": status}, kind=MERGE)[0] == 200


@pytest.fixture
def running(site: LiveSite) -> Iterator[LiveSite]:
    """Two plans of `prod`, one of `test` which has an image of its own; pods of each kind."""
    vms = site.server.namespace("vms")
    site.patch("forkliftcontrollers", DEPLOYMENT, {"spec": {"vddk_image": IMAGE}})
    config = "VixDiskLib.nfcAio.Session.BufSizeIn64KB=256\nVixDiskLib.nfcAio.Session.BufCount=16\n"
    settings = {"useVddkAioOptimization": "1", "vddkConfig": config}
    site.patch("providers", "prod", {"spec": {"settings": settings}})
    site.patch("providers", "test", {"spec": {"settings": {"vddkInitImage": OTHER}}})
    site.status("providers", "prod", *GOOD)
    site.patch_status(
        "providers", "test", ("ConnectionTestFailed", "Critical"), ("InventoryCreated", "Required")
    )
    deploy(site, IMAGE)
    wave, other = site.plan_object("wave-1", "prod", vms), site.plan_object("wave-2", "test", vms)
    site.patch_status("plans", "wave-2", ("VDDKInitImageUnavailable", "Critical"))
    labels = {"plan": wave, "migration": "m", "forklift.app": "virt-v2v"}
    site.pod(
        vms,
        "wave-1-vm-1-abcde",
        vddk_spec(IMAGE, "virt-v2v"),
        pod_status("Running", DONE, "virt-v2v", RUNS),
        {"labels": labels},
    )
    validator: dict[str, Any] = {
        "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "vddk-validator-wave-2x7k9p", "uid": other}
        ]
    }
    site.pod(
        vms,
        "vddk-validator-wave-2x7k9p-zz",
        vddk_spec(OTHER, "validator"),
        pod_status("Pending", NO_PULL, "validator", STARTS),
        validator,
    )
    claims = f"/api/v1/namespaces/{vms}/persistentvolumeclaims"
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    site.server.create(claims, {"metadata": {"name": "disk-1", "labels": {"plan": wave}}, "spec": body})
    up = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": "disk-1", "uid": wave}
    site.server.create(claims, {"metadata": {"name": "prime-1", "ownerReferences": [up]}, "spec": body})
    importer = {
        "ownerReferences": [{**up, "name": "prime-1"}],
        "labels": {"app": "containerized-data-importer"},
    }
    site.pod(
        vms,
        "importer-prime-1",
        vddk_spec(IMAGE, "importer"),
        pod_status("Succeeded", DONE, "importer", DONE),
        importer,
    )
    plain = {"containers": [{"name": "web", "image": "nginx"}]}
    site.pod(vms, "somebody-else", plain, {"phase": "Running"})
    yield replace(site, environment={"VMS": vms})
    for name in ("wave-1", "wave-2"):  # plans of any namespace are seen by all tests
        site.server.request("DELETE", site.path("plans", name))


def of(found: Any, site: LiveSite, name: str) -> Any:
    address = f"provider.{site.namespace}/{name}"
    return next(each for each in found["providers"] if each["address"] == address)


def pods(found: Any, site: LiveSite) -> dict[str, Any]:
    """Those of this test, by name."""
    place = site.environment["VMS"] + "/"
    return {each["pod"].removeprefix(place): each for each in found["pods"] if each["pod"].startswith(place)}


def test_every_pod_with_its_plan_its_provider_and_what_it_uses(running: LiveSite, tmp_path: Path) -> None:
    vms, mine = running.environment["VMS"], f"provider.{running.namespace}/"
    with serve_metrics(running.server, tmp_path, vms, {"wave-1-vm-1-abcde": ("600m", "400Mi")}):
        ended = running.run("status", "--output", "json")
        text = running.run("status", f"{running.namespace}/prod").out
    assert ended.code == 0, ended.err
    found = pods(ended.data, running)
    assert set(found) == {"wave-1-vm-1-abcde", "vddk-validator-wave-2x7k9p-zz", "importer-prime-1"}
    whose = {name: (pod["plan"].rpartition("/")[2], pod["provider"]) for name, pod in found.items()}
    assert whose == {
        "wave-1-vm-1-abcde": ("wave-1", f"{mine}prod"),
        "importer-prime-1": ("wave-1", f"{mine}prod"),
        "vddk-validator-wave-2x7k9p-zz": ("wave-2", f"{mine}test"),
    }
    conversion, validator = found["wave-1-vm-1-abcde"], found["vddk-validator-wave-2x7k9p-zz"]
    assert (conversion["cpu"], conversion["memory"]) == (1.2, 800 << 20)
    assert conversion["containers"] == [SIDE_CAR, "virt-v2v"]
    assert validator["waits"] == f"{SIDE_CAR}: ImagePullBackOff, Back-off pulling image"
    assert ended.data["unseen"] == []
    assert "/wave-1-vm-1-abcde   Running   plan wave-1   cpu 1200m, memory 800 MiB\n" in text
    assert "validator" not in text


def test_a_pod_that_nothing_but_its_address_tells_of(running: LiveSite) -> None:
    vms = running.environment["VMS"]
    url = f"https://{running.namespace}.example.com/sdk"
    running.patch("providers", "plain", {"spec": {"url": url}})
    spec = vddk_spec(IMAGE, "importer", endpoint=url)
    running.pod(vms, "importer-alone", spec, pod_status("Running", DONE, "importer", RUNS))
    ended = running.run("status", "--output", "json")
    found = pods(ended.data, running)["importer-alone"]
    assert (found["plan"], found["provider"]) == (None, f"provider.{running.namespace}/plain")
    assert "importer-alone   Running   provider plain\n" in running.run("status").out


def test_what_plans_complain_about_and_an_image_that_is_not_in_effect(running: LiveSite) -> None:
    text = running.run("status", "test").out
    assert f"{running.namespace}/wave-2: VDDKInitImageUnavailable: says VDDKInitImageUnavailable" in text
    assert "the controller runs with" not in text
    running.patch("forkliftcontrollers", DEPLOYMENT, {"spec": {"vddk_image": OTHER}})
    text = running.run("status", "prod").out
    assert f"the controller runs with {IMAGE}, and ForkliftController says {OTHER}" in text
    assert "wave-2" not in text


def test_a_tag_tells_the_version_where_no_registry_does(site: LiveSite) -> None:
    site.patch("forkliftcontrollers", DEPLOYMENT, {"spec": {"vddk_image": "127.0.0.1:9/vddk:8.0.1-debug"}})
    told = of(site.run("status", "--output", "json").data, site, "prod")
    assert (told["version"], told["versionToldBy"]) == ("8.0.1", "tag")
    assert "version  VDDK 8.0.1, as its tag says\n" in site.run("status", "prod").out


def test_a_name_that_is_not_there(site: LiveSite) -> None:
    wrong = site.run("status", "porod")
    assert wrong.code == 64
    assert "no vSphere provider porod" in wrong.err


def test_it_needs_no_spec(running: LiveSite) -> None:
    (running.root / "site.yaml").unlink()
    ended = running.run("status", "--context", "tests", "-n", running.namespace, "--output", "json")
    mine = [each for each in ended.data["providers"] if f".{running.namespace}/" in each["address"]]
    assert (ended.code, len(mine)) == (0, 4)
    wrong = running.run("status", "--context", "paris")
    assert wrong.code == 1
    assert "no context paris" in wrong.err


def test_who_may_not_see_pods_hears_it_and_sees_the_rest(running: LiveSite) -> None:
    grant(running.server, "reader", running.namespace, "ClusterRole vddkctl-view", "Role vddkctl-view")
    ended = replace(running, user="reader").run("status")
    assert ended.code == 0, ended.err
    assert "by the controller" in ended.out
    assert f"Not seen: pods in {running.environment['VMS']}: " in ended.out


def test_the_documented_rights_are_enough(running: LiveSite, tmp_path: Path) -> None:
    roles = ("ClusterRole vddkctl-view", "Role vddkctl-view", "ClusterRole vddkctl-pods")
    grant(running.server, "cron", running.namespace, *roles)
    with serve_metrics(running.server, tmp_path, running.environment["VMS"], {}):
        ended = replace(running, user="cron").run("status", "--output", "json")
    assert (ended.code, ended.data["unseen"]) == (0, [])
    found = pods(ended.data, running)
    assert len(found) == 3
    assert {pod["plan"] for pod in found.values()} == {
        f"{running.namespace}/wave-1",
        f"{running.namespace}/wave-2",
    }


def test_a_cluster_without_metrics_says_so(running: LiveSite) -> None:
    assert "CPU and memory are not known" in running.run("status").out


def test_images_levels_and_what_is_not_well(applied: LiveSite) -> None:
    site = applied
    told = site.run("status", "--output", "json").data["providers"]  # of other tests' namespaces, too
    head = f"provider.{site.namespace}/"
    found = {p["address"].removeprefix(head): p for p in told if p["address"].startswith(head)}
    assert found["prod"]["image"] == IMAGE
    assert found["prod"]["level"] == "controller"
    assert found["prod"]["digest"] == IMAGE.rpartition("@")[2]
    assert (found["prod"]["aio"], found["prod"]["sizeIn64K"], found["prod"]["count"]) == (True, 64, 4)
    assert found["prod"]["healthy"] is False
    assert found["prod"]["troubles"] == ["Forklift has not looked at it yet"]
    text = site.run("status", "prod")
    assert text.code == 0
    assert "image    registry.example.com/vddk@sha256:aaaaaaaa…   by the controller" in text.out
    assert "version  not known: " in text.out
    assert "No pod uses VDDK now." in text.out


def test_a_provider_that_is_healthy_and_one_that_is_not(applied: LiveSite) -> None:
    good = [
        {"type": kind, "status": "True"} for kind in ("ConnectionTestSucceeded", "InventoryCreated", "Ready")
    ]
    bad = [{"type": "ConnectionAuthFailed", "status": "True", "message": "wrong password"}]
    for name, conditions in (("prod", good), ("test", bad)):
        generation = applied.get("providers", name)["metadata"]["generation"]
        status = {"observedGeneration": generation, "conditions": [stamped(each) for each in conditions]}
        code, found = applied.server.request(
            "PATCH",
            f"{applied.path('providers', name)}/status",
            {"status": status},
            kind="application/merge-patch+json",
        )
        assert code == 200, found
    text = applied.run("status").out
    assert "health   healthy" in text
    assert "health   ConnectionAuthFailed: wrong password" in text


def stamped(condition: dict[str, Any]) -> dict[str, Any]:
    return {"category": "Required", "lastTransitionTime": "2026-01-01T00:00:00Z", **condition}


def test_watching_appends_blocks_and_ends_with_130(running: LiveSite) -> None:
    with running.going("status", "--watch", "--every", "0.2", "--output", "json") as process:
        assert process.stdout
        first, second = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        running.status("providers", "test", *GOOD)
        while of(json.loads(process.stdout.readline()), running, "test")["healthy"] is not True:
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert first["time"] <= second["time"]
    assert of(first, running, "test")["troubles"] == ["ConnectionTestFailed: says ConnectionTestFailed"]
    assert (process.returncode, err) == (130, "Interrupted.\n")


def test_watching_goes_on_while_the_server_is_away(running: LiveSite) -> None:
    with running.going("status", "--watch", "--every", "0.2", "--output", "json") as process:
        assert process.stdout
        assert "providers" in json.loads(process.stdout.readline())
        running.server.stop()
        while "error" not in json.loads(process.stdout.readline()):
            pass
        running.server.start()
        while "providers" not in json.loads(process.stdout.readline()):
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130


def test_watching_draws_anew_on_a_terminal(running: LiveSite) -> None:
    environment = {"KUBECONFIG": str(running.server.kubeconfig()), "LINES": "12", "COLUMNS": "100"}
    ended = at_terminal(
        "status",
        "-w",
        "--every",
        "0.2",
        cwd=running.root,
        env=environment,
        prompt="lines more",
        answer=CTRL_C,
    )
    assert ended.code == 130
    assert "\x1b[H" in ended.out
    screen = ended.out.split("\x1b[H")[2]
    assert len(screen.splitlines()) <= 13
