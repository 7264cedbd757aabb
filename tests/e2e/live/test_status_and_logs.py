"""How a site stands, and what its VDDK pods write."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.kubelet import Kubelet, serve_kubelet
from tests.support.live_sites import IMAGE, LiveSite

CORE = "/api/v1"


def create(site: LiveSite, path: str, body: dict[str, Any], *, status: dict[str, Any] | None = None) -> None:
    code, found = site.server.request("POST", path, body)
    assert code == 201, found
    if status:
        name = body["metadata"]["name"]
        code, found = site.server.request(
            "PATCH", f"{path}/{name}/status", {"status": status}, kind="application/merge-patch+json"
        )
        assert code == 200, found


@pytest.fixture
def kubelet(tmp_path: Path, site: LiveSite) -> Iterator[Kubelet]:
    """A node for this test's pods."""
    with serve_kubelet(tmp_path) as served:
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": served.port}},
        }
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": site.namespace}}
        create(site, f"{CORE}/nodes", node, status=status)
        yield served
        site.server.request("DELETE", f"{CORE}/nodes/{site.namespace}")


def pod(
    site: LiveSite, name: str, *, plan: str = "", vddk: bool = True, status: dict[str, Any] | None = None
) -> None:
    side = [{"name": "vddk-side-car", "image": IMAGE}] if vddk else []
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"plan": plan} if plan else {}},
        "spec": {
            "nodeName": site.namespace,
            "containers": [{"name": "virt-v2v", "image": "registry.example.com/v2v"}],
            "initContainers": side,
        },
    }
    create(site, f"{CORE}/namespaces/{site.namespace}/pods", body, status=status or {"phase": "Running"})


def migration_plan(site: LiveSite, name: str, provider: str) -> str:
    """One of Forklift's plans; returns its uid."""
    path = site.path("plans")
    body = {
        "apiVersion": "forklift.konveyor.io/v1beta1",
        "kind": "Plan",
        "metadata": {"name": name},
        "spec": {
            "provider": {
                "source": {"name": provider, "namespace": site.namespace},
                "destination": {"name": "host", "namespace": site.namespace},
            },
            "map": {
                "network": {"name": "n", "namespace": site.namespace},
                "storage": {"name": "s", "namespace": site.namespace},
            },
            "targetNamespace": site.namespace,
            "vms": [],
        },
    }
    code, found = site.server.request("POST", path, body)
    assert code == 201, found
    return str(found["metadata"]["uid"])


def test_images_levels_and_what_is_not_well(applied: LiveSite) -> None:
    site = applied
    found = {
        p["address"].rpartition("/")[2]: p for p in site.run("status", "--output", "json").data["providers"]
    }
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


def test_pods_that_use_vddk_with_their_plan(applied: LiveSite, kubelet: Kubelet) -> None:
    uid = migration_plan(applied, "wave-1", "prod")
    pod(applied, "importer", plan=uid)
    waits = {
        "name": "vddk-side-car",
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no rights"}},
    }
    base = {"image": "", "imageID": "", "ready": False, "restartCount": 2}
    pod(applied, "stuck", status={"phase": "Pending", "initContainerStatuses": [{**base, **waits}]})
    pod(applied, "other", vddk=False)
    ended = applied.run("status", "--output", "json")
    found = {each["pod"].rpartition("/")[2]: each for each in ended.data["pods"]}
    assert set(found) == {"importer", "stuck"}
    assert found["importer"]["plan"] == f"{applied.namespace}/wave-1"
    assert found["importer"]["provider"] == f"provider.{applied.namespace}/prod"
    assert found["stuck"]["waits"] == "vddk-side-car: ImagePullBackOff, no rights"
    assert "CPU and memory are not known" in applied.run("status").out


def test_logs_of_a_plan_and_of_a_provider(applied: LiveSite, kubelet: Kubelet) -> None:
    pod(applied, "importer", plan=migration_plan(applied, "wave-1", "prod"))
    place = f"{applied.namespace}/importer"
    kubelet.logs[f"{place}/vddk-side-car"] = ["copying"]
    kubelet.logs[f"{place}/virt-v2v"] = ["one", "two\x1b[31m"]
    for name in ("plan/wave-1", "provider/prod", "prod"):
        ended = applied.run("logs", name)
        assert ended.code == 0, ended.err
        assert min(ended.out.splitlines()) == "[importer/vddk-side-car] copying"
        assert "[importer/virt-v2v] one\n" in ended.out
        assert "\x1b" not in ended.out
    tailed = applied.run("logs", "prod", "--tail", "1", "--since", "5m")
    assert tailed.code == 0, tailed.err
    assert "[importer/virt-v2v] one" not in tailed.out
    assert ("sinceSeconds", ["300"]) in [item for _, query in kubelet.asked for item in query.items()]


def test_logs_that_are_followed_end_with_the_containers_or_with_ctrl_c(
    applied: LiveSite, kubelet: Kubelet
) -> None:
    pod(applied, "importer", plan=migration_plan(applied, "wave-1", "prod"))
    kubelet.logs[f"{applied.namespace}/importer/virt-v2v"] = ["one"]
    kubelet.logs[f"{applied.namespace}/importer/vddk-side-car"] = ["copying"]
    with applied.start("logs", "prod", "--follow") as process:
        assert process.stdout
        seen = {process.stdout.readline() for _ in range(2)}
        assert seen == {"[importer/virt-v2v] one\n", "[importer/vddk-side-car] copying\n"}
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    with applied.start("logs", "prod", "--follow") as process:
        assert process.stdout
        process.stdout.readline()
        kubelet.end()
        assert process.wait(10) == 0


def test_logs_of_what_has_no_pods(applied: LiveSite) -> None:
    ended = applied.run("logs", "prod")
    assert ended.code == 1
    assert "no pod of prod uses VDDK now" in ended.err


def test_one_container_that_cannot_be_read_does_not_keep_the_others(
    applied: LiveSite, kubelet: Kubelet
) -> None:
    pod(applied, "importer", plan=migration_plan(applied, "wave-1", "prod"))
    kubelet.logs[f"{applied.namespace}/importer/virt-v2v"] = ["one"]
    ended = applied.run("logs", "prod")
    assert ended.code == 0
    assert "[importer/virt-v2v] one\n" in ended.out
    assert "importer/vddk-side-car: " in ended.err


def test_who_may_not_see_pods_hears_it_and_sees_the_rest(applied: LiveSite) -> None:
    from tests.e2e.live.test_rights import grant

    grant(applied.server, "reader", applied.namespace, "ClusterRole vddkctl-view", "Role vddkctl-view")
    ended = replace(applied, user="reader").run("status")
    assert ended.code == 0, ended.err
    assert "by the controller" in ended.out
    assert "Not seen: pods in" in ended.out


def test_the_documented_rights_to_see_pods_are_enough(applied: LiveSite, kubelet: Kubelet) -> None:
    from tests.e2e.live.test_rights import grant

    names = ("ClusterRole vddkctl-view", "Role vddkctl-view", "ClusterRole vddkctl-pods")
    grant(applied.server, "reader", applied.namespace, *names)
    pod(applied, "importer", plan=migration_plan(applied, "wave-1", "prod"))
    kubelet.logs[f"{applied.namespace}/importer/virt-v2v"] = ["one"]
    kubelet.logs[f"{applied.namespace}/importer/vddk-side-car"] = ["copying"]
    reader = replace(applied, user="reader")
    ended = reader.run("status")
    assert "Not seen" not in ended.out
    assert "/importer   Running   plan wave-1" in ended.out
    assert reader.run("logs", "prod").code == 0


def test_a_status_that_is_watched_ends_with_ctrl_c(applied: LiveSite) -> None:
    with applied.start("status", "--watch", "--every", "1") as process:
        assert process.stdout
        blocks = 0
        for line in process.stdout:
            blocks += line.startswith("# 20")
            if blocks == 2:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
