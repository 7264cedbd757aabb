"""What `vddkctl logs` shows of pods.

The API server is real, and asks a stand-in for the node's kubelet, over TLS, as it asks every kubelet for logs.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e.live.test_rights import grant
from tests.support.kubelet import (
    DONE,
    NO_PULL,
    RUNS,
    SIDE_CAR,
    STARTS,
    Kubelet,
    pod_status,
    serve_kubelet,
    vddk_spec,
)
from tests.support.live_sites import IMAGE, LiveSite


@dataclass(frozen=True)
class Work:
    """A plan of `prod` that migrates into `vms`, and the node where its pods are."""

    site: LiveSite
    kubelet: Kubelet
    vms: str
    plan: str

    def pod(self, name: str, *, plan: str = "") -> None:
        """A conversion that runs, of this plan."""
        self.site.pod(
            self.vms,
            name,
            vddk_spec(IMAGE, "virt-v2v", self.kubelet.node),
            pod_status("Running", DONE, "virt-v2v", RUNS),
            {"labels": {"plan": plan or self.plan}},
        )
        self.kubelet.write(name, SIDE_CAR, "copied", ended=True)

    def end(self, name: str, *last: str) -> None:
        """It has ended."""
        self.kubelet.write(name, "virt-v2v", *last, ended=True)
        self.site.pod_status(self.vms, name, pod_status("Succeeded", DONE, "virt-v2v", DONE))


@pytest.fixture
def work(site: LiveSite, tmp_path: Path) -> Iterator[Work]:
    vms = site.server.namespace("vms")
    plan = site.plan_object("wave-1", "prod", vms)
    with serve_kubelet(site.server, tmp_path, f"node-{site.namespace}") as kubelet:
        yield Work(site, kubelet, vms, plan)
    site.server.request("DELETE", site.path("plans", "wave-1"))  # any test sees plans of all namespaces


def test_each_line_of_the_vddk_containers_with_its_pod_and_container(work: Work) -> None:
    for name in ("conv-a", "conv-b"):
        work.pod(name)
        work.kubelet.write(name, "virt-v2v", "one\ttwo", "\x1b[2Jthree")
    work.kubelet.write("conv-a", "proxy", "not VDDK's")
    for target in ("provider/prod", "prod", "plan/wave-1", f"plan/{work.site.namespace}/wave-1"):
        ended = work.site.run("logs", target)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.splitlines() == [
            f"[{name}/{line}"
            for name in ("conv-a", "conv-b")
            for line in (f"{SIDE_CAR}] copied", "virt-v2v] one\ttwo", "virt-v2v] \\x1b[2Jthree")
        ]


def test_the_last_lines_and_the_last_minutes(work: Work) -> None:
    work.pod("conv-a")
    work.kubelet.write("conv-a", "virt-v2v", *(f"line {number}" for number in range(9)))
    ended = work.site.run("logs", "prod", "--tail", "2", "--since", "5m")
    assert [line for line in ended.out.splitlines() if "virt-v2v" in line] == [
        f"[conv-a/virt-v2v] line {number}" for number in (7, 8)
    ]
    query = dict(work.kubelet.asked)["conv-a/virt-v2v"]
    assert (query["tailLines"], query["sinceSeconds"]) == ("2", "300")


def test_several_pods_are_read_at_the_same_time_and_told_in_order(work: Work) -> None:
    work.kubelet.together = 4
    for number in range(12):
        work.pod(f"conv-{number:02}")
        work.kubelet.write(f"conv-{number:02}", "virt-v2v", "x" * 200_000)
    ended = work.site.run("logs", "prod")
    assert ended.code == 0
    names = [line.split("/")[0] for line in ended.out.splitlines()]
    assert names == sorted(names)
    assert len(names) == 24
    assert work.kubelet.most >= 4


def test_no_pods_and_no_such_provider_or_plan(work: Work) -> None:
    ended = work.site.run("logs", "provider/test")
    assert (ended.code, ended.out) == (1, "")
    assert "no pod of provider/test uses VDDK now" in ended.err
    assert "no plan wave-9" in work.site.run("logs", "plan/wave-9").err
    assert "no vSphere provider porod" in work.site.run("logs", "porod").err
    for wrong in (["logs"], ["logs", "-f", "provider/prod"]):
        assert work.site.run(*wrong).code == 64
    assert work.site.run("logs", "prod", "--since", "soon").code == 64


def test_a_container_that_has_not_begun_is_told_and_not_asked(work: Work) -> None:
    status = pod_status("Pending", NO_PULL, "virt-v2v", STARTS)
    spec = vddk_spec(IMAGE, "virt-v2v", work.kubelet.node)
    work.site.pod(work.vms, "conv-a", spec, status, {"labels": {"plan": work.plan}})
    ended = work.site.run("logs", "prod")
    assert (ended.code, ended.out, work.kubelet.asked) == (0, "", [])
    assert f"{SIDE_CAR} has not begun: ImagePullBackOff, Back-off pulling image" in ended.err


def test_a_log_that_cannot_be_read_fails_and_the_others_are_shown(work: Work) -> None:
    work.pod("conv-a")
    work.pod("conv-b")
    work.kubelet.write("conv-b", "virt-v2v", "here")
    work.site.pod_status(work.vms, "conv-a", pod_status("Running", DONE, "virt-v2v", RUNS))
    ended = work.site.run("logs", "prod")
    assert ended.code == 0
    assert "[conv-b/virt-v2v] here" in ended.out
    assert "conv-a/virt-v2v: " in ended.err
    assert "Traceback" not in ended.err


def test_following_shows_lines_as_they_come_and_pods_that_come_and_ends_with_them(work: Work) -> None:
    work.pod("conv-a")
    work.kubelet.write("conv-a", "virt-v2v", "first")
    with work.site.going("logs", "provider/prod", "--follow") as process:
        assert process.stdout
        assert {process.stdout.readline() for _ in range(2)} == {
            f"[conv-a/{SIDE_CAR}] copied\n",
            "[conv-a/virt-v2v] first\n",
        }
        work.kubelet.write("conv-a", "virt-v2v", "second")
        assert process.stdout.readline() == "[conv-a/virt-v2v] second\n"
        work.pod("conv-b")
        work.kubelet.write("conv-b", "virt-v2v", "later")
        assert {process.stdout.readline() for _ in range(2)} == {
            f"[conv-b/{SIDE_CAR}] copied\n",
            "[conv-b/virt-v2v] later\n",
        }
        work.end("conv-a", "third")
        assert process.stdout.readline() == "[conv-a/virt-v2v] third\n"
        work.end("conv-b")
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_following_ends_with_130_on_ctrl_c(work: Work) -> None:
    work.pod("conv-a")
    work.kubelet.write("conv-a", "virt-v2v", "first")
    with work.site.going("logs", "provider/prod", "-F") as process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "Interrupted.\n")


def test_following_waits_for_pods_and_goes_on_while_the_server_is_away(work: Work) -> None:
    with work.site.going("logs", "plan/wave-1", "--follow") as process:
        assert process.stdout
        assert process.stderr
        assert process.stderr.readline() == "No pod of plan/wave-1 uses VDDK now; waiting for some.\n"
        work.pod("conv-a")
        work.kubelet.write("conv-a", "virt-v2v", "first")
        assert {process.stdout.readline() for _ in range(2)} == {
            f"[conv-a/{SIDE_CAR}] copied\n",
            "[conv-a/virt-v2v] first\n",
        }
        work.site.server.stop()
        told = ""
        while not ("it is tried again" in told and "Not seen: " in told):
            told += process.stderr.readline()
        work.site.server.start()
        work.kubelet.write("conv-a", "virt-v2v", "second")
        while process.stdout.readline() != "[conv-a/virt-v2v] second\n":
            pass
        assert "sinceSeconds" in dict(work.kubelet.asked)["conv-a/virt-v2v"]
        work.end("conv-a")
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_importers_and_validators_are_found_though_they_carry_no_label_of_the_plan(work: Work) -> None:
    claims = f"/api/v1/namespaces/{work.vms}/persistentvolumeclaims"
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    labels = {"labels": {"plan": work.plan}}
    work.site.server.create(claims, {"metadata": {"name": "disk-1", **labels}, "spec": body})
    up = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": "disk-1", "uid": work.plan}
    owned = {"name": "prime-1", "ownerReferences": [up]}
    work.site.server.create(claims, {"metadata": owned, "spec": body})
    job = {"apiVersion": "batch/v1", "kind": "Job", "name": "vddk-validator-wave-1x7k9p", "uid": work.plan}
    for name, container, owner in (
        ("importer-prime-1", "importer", {**up, "name": "prime-1"}),
        ("vddk-validator-wave-1x7k9p-zz", "validator", job),
    ):
        spec = vddk_spec(IMAGE, container, work.kubelet.node)
        status = pod_status("Running", DONE, container, RUNS)
        work.site.pod(work.vms, name, spec, status, {"ownerReferences": [owner]})
        work.kubelet.write(name, SIDE_CAR, "copied", ended=True)
        work.kubelet.write(name, container, "at work")
    for target in ("prod", "plan/wave-1"):
        ended = work.site.run("logs", target)
        assert (ended.code, ended.err) == (0, "")
        assert "[importer-prime-1/importer] at work" in ended.out
        assert "[vddk-validator-wave-1x7k9p-zz/validator] at work" in ended.out


def test_the_documented_rights_are_enough_and_without_them_it_says_which(work: Work) -> None:
    work.pod("conv-a")
    work.kubelet.write("conv-a", "virt-v2v", "here")
    grant(work.site.server, "reader", work.site.namespace, "ClusterRole vddkctl-view", "Role vddkctl-view")
    ended = replace(work.site, user="reader").run("logs", "prod")
    assert ended.code == 1
    assert f"Not seen: pods in {work.vms}" in ended.err
    grant(work.site.server, "reader", work.site.namespace, "ClusterRole vddkctl-pods")
    ended = replace(work.site, user="reader").run("logs", "prod")
    assert (ended.code, ended.err) == (0, "")
    assert "[conv-a/virt-v2v] here" in ended.out
