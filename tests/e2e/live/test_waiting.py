"""After an apply: waiting until the operator has rolled it out and providers are healthy, played by the test."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.support.live_sites import IMAGE, MERGE, OTHER, LiveSite
from vddkctl.plan.codec import sealed

APPS = "/apis/apps/v1"
CORE = "/api/v1"
NAME = "forklift-controller"
GOOD = ("ConnectionTestSucceeded", "InventoryCreated", "Ready")


@pytest.fixture
def running(site: LiveSite) -> LiveSite:
    """Forklift's controller runs, with a ConfigMap for its variables; its providers are healthy."""
    site.server.create(site.path("configmaps", group=CORE), {"metadata": {"name": f"{NAME}-config"}})
    labels = {"app": "forklift"}
    containers = [
        {"name": "main", "image": "forklift", "envFrom": [{"configMapRef": {"name": f"{NAME}-config"}}]},
        {"name": "inventory", "image": "forklift"},
    ]
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    }
    site.server.create(site.path("deployments", group=APPS), {"metadata": {"name": NAME}, "spec": spec})
    roll_out(site)
    for provider in ("prod", "edge-berlin"):
        site.status("providers", provider, *GOOD)
    site.write(f"controller: {{vddkImage: {IMAGE}}}\nproviders:\n  prod: {{aio: true}}\n")
    return site


def roll_out(site: LiveSite) -> None:
    found = site.get("deployments", NAME, group=APPS)
    status = {
        "observedGeneration": found["metadata"]["generation"],
        "replicas": 1,
        "updatedReplicas": 1,
        "availableReplicas": 1,
        "readyReplicas": 1,
    }
    path = site.path("deployments", NAME, group=APPS) + "/status"
    code, answer = site.server.request("PATCH", path, {"status": status}, kind=MERGE)
    assert code == 200, answer


def set_variable(site: LiveSite, image: str) -> None:
    """What the operator does with the controller's image."""
    containers = [{"name": "main", "env": [{"name": "VDDK_IMAGE", "value": image}]}]
    body = {"spec": {"template": {"spec": {"containers": containers}}}}
    path = site.path("deployments", NAME, group=APPS)
    code, answer = site.server.request("PATCH", path, body, kind="application/strategic-merge-patch+json")
    assert code == 200, answer


def look_at_providers(site: LiveSite) -> None:
    site.status("providers", "prod", *GOOD)


@contextmanager
def operator(site: LiveSite, *steps: Callable[[LiveSite], None]) -> Iterator[list[float]]:
    """Somebody who acts when the image is there: one step a second, and when each was done."""
    done: list[float] = []

    def act() -> None:
        until = time.monotonic() + 30
        while site.image != IMAGE and time.monotonic() < until:
            time.sleep(0.1)
        for step in steps:
            time.sleep(1)
            step(site)
            done.append(time.monotonic())

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    yield done
    thread.join(40)


def deploy(site: LiveSite) -> None:
    set_variable(site, IMAGE)


def test_it_waits_for_the_roll_out_and_for_healthy_providers(running: LiveSite) -> None:
    with operator(running, deploy, roll_out, look_at_providers) as done:
        ended = running.apply("--wait", "--timeout", "60s")
        end = time.monotonic()
    assert ended.code == 0, ended.out + ended.err
    assert len(done) == 3
    assert end > done[-1]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), ("the Deployment forklift-controller does not have the image yet",)),
        ((deploy,), ("the Deployment forklift-controller is rolling out",)),
        ((deploy, roll_out), ("prod", "Forklift has not looked at it yet")),
    ],
)
def test_what_is_not_in_effect_in_time_is_told(
    running: LiveSite, steps: tuple[Callable[[LiveSite], None], ...], said: tuple[str, ...]
) -> None:
    with operator(running, *steps):
        ended = running.apply("--timeout", f"{3 + len(steps)}s")
    assert ended.code == 1
    for text in said:
        assert text in ended.out + ended.err
    assert running.image == IMAGE
    assert running.changing() == []


def test_without_waiting_it_returns_at_once(running: LiveSite) -> None:
    ended = running.apply("--no-wait")
    assert ended.code == 0, ended.err
    assert "not in effect" not in ended.out + ended.err


def test_a_provider_that_cannot_log_in_is_told_before_the_time_is_over(running: LiveSite) -> None:
    def fail(site: LiveSite) -> None:
        site.status("providers", "prod", "ConnectionAuthFailed")

    start = time.monotonic()
    with operator(running, deploy, roll_out, fail):
        ended = running.apply("--timeout", "60s")
    assert time.monotonic() - start < 45
    assert ended.code == 1
    text = ended.out + ended.err
    assert f"provider.{running.namespace}/prod" in text
    assert "ConnectionAuthFailed: says ConnectionAuthFailed" in text
    assert "is rolling out" not in text


def test_conditions_that_are_missing_are_named(running: LiveSite) -> None:
    def begin(site: LiveSite) -> None:
        site.status("providers", "prod", "ConnectionTestSucceeded")

    with operator(running, deploy, roll_out, begin):
        ended = running.apply("--timeout", "6s")
    assert ended.code == 1
    assert "not yet: InventoryCreated, Ready" in ended.out + ended.err


def test_an_old_image_that_the_operator_leaves_behind_is_told(running: LiveSite) -> None:
    assert running.apply("--no-wait").code == 0
    path = running.path("configmaps", f"{NAME}-config", group=CORE)
    running.server.request("PATCH", path, {"data": {"VDDK_IMAGE": IMAGE}}, kind=MERGE)
    running.write("providers:\n  prod: {aio: true}\n")
    ended = running.apply("--timeout", "3s")
    assert ended.code == 1
    assert f"the old image is still in effect: {IMAGE}" in ended.out + ended.err
    assert f"remove VDDK_IMAGE from the ConfigMap {running.namespace}/{NAME}-config" in ended.out + ended.err
    assert running.image is None


def test_a_variable_wins_over_the_config_map(running: LiveSite) -> None:
    path = running.path("configmaps", f"{NAME}-config", group=CORE)
    running.server.request("PATCH", path, {"data": {"VDDK_IMAGE": IMAGE}}, kind=MERGE)
    set_variable(running, OTHER)
    roll_out(running)
    running.write(f"controller: {{vddkImage: {IMAGE}}}\n")
    ended = running.apply("--timeout", "1s")
    assert ended.code == 1
    assert "does not have the image yet" in ended.out + ended.err


def test_nothing_is_waited_for_where_no_controller_runs(site: LiveSite) -> None:
    start = time.monotonic()
    assert site.apply("--wait").code == 0
    assert time.monotonic() - start < 30


def test_what_is_not_in_effect_is_in_the_json(running: LiveSite) -> None:
    ended = running.apply("--timeout", "0s", "--output", "json")
    assert ended.code == 1
    found: list[dict[str, Any]] = ended.data["unsettled"]
    assert {each["address"].partition(".")[0] for each in found} == {"controller", "provider"}


def told(site: LiveSite, code: str = "not-in-effect") -> dict[str, str]:
    """What a plan says, by address without the namespace."""
    ours = f"{site.namespace}/"
    return {
        w["address"].replace(ours, ""): w["message"] for w in site.plan()["warnings"] if w["code"] == code
    }


CONTROLLER = "controller.forklift-controller"
PROD = "provider.prod"


def test_what_was_not_in_effect_is_told_again_and_waited_for_again(running: LiveSite) -> None:
    assert running.apply("--timeout", "1s").code == 1
    assert told(running) == {
        CONTROLLER: "the Deployment forklift-controller does not have the image yet",
        PROD: "Forklift has not looked at it yet",
    }
    again = running.apply("--timeout", "1s")
    assert again.code == 1
    assert "Nothing to do.\n" in again.out
    assert f"{running.namespace}/prod: Forklift has not looked at it yet\n" in again.out
    assert again.out.endswith("Not all of it is in effect. Look again with: vddkctl plan\n")
    deploy(running)
    assert told(running)[CONTROLLER] == "the Deployment forklift-controller is rolling out"
    with operator(running, roll_out, look_at_providers) as done:
        ended = running.apply("--timeout", "60s")
        end = time.monotonic()
    assert ended.code == 0, ended.out + ended.err
    assert end > done[-1]
    assert told(running) == {}
    quiet = running.apply()
    assert (quiet.code, "in effect" in quiet.out) == (0, False)


def test_without_waiting_the_next_run_does(running: LiveSite) -> None:
    assert running.apply("--no-wait").code == 0
    assert set(told(running)) == {CONTROLLER, PROD}
    assert running.apply("--no-wait").code == 0
    assert running.apply("--timeout", "1s").code == 1


def test_a_provider_that_stays_ill_after_the_run_that_changed_it_fails_again(running: LiveSite) -> None:
    running.write("providers: {prod: {aio: true}}\n")
    assert running.apply("--no-wait").code == 0
    running.status("providers", "prod", "ConnectionAuthFailed")
    assert told(running) == {PROD: "ConnectionAuthFailed: says ConnectionAuthFailed"}
    assert running.apply("--timeout", "1s").code == 1


def test_one_that_becomes_ill_long_after_the_run_fails_nothing(running: LiveSite) -> None:
    running.write("providers: {prod: {aio: true}}\n")
    assert running.apply("--no-wait").code == 0
    name = f"vddkctl-{running.namespace}"
    record = json.loads(running.get("configmaps", name, group=CORE)["data"]["record"])
    del record["checksum"]
    record["runs"][-1]["at"] = "2026-01-01T08:00:00Z"
    path = running.path("configmaps", name, group=CORE)
    running.server.request("PATCH", path, {"data": {"record": sealed(record).decode()}}, kind=MERGE)
    running.status("providers", "prod", "ConnectionTestFailed")
    assert told(running) == {}
    assert running.run("history", "--output", "json").data["runs"][-1]["at"].startswith("2026-01-01")
    assert told(running, "not-healthy") == {PROD: "ConnectionTestFailed: says ConnectionTestFailed"}
    ended = running.apply("--timeout", "1s")
    assert (ended.code, "[not-healthy]" in ended.out) == (0, True)


def test_one_that_is_ill_by_itself_is_told_and_fails_nothing(running: LiveSite) -> None:
    running.write("providers: {prod: {aio: true}}\n")
    assert running.apply("--no-wait").code == 0
    look_at_providers(running)
    running.write("providers: {prod: {aio: true}, edge-berlin: {aio: true}}\n")
    assert running.apply("--no-wait").code == 0
    running.status("providers", "edge-berlin", *GOOD)
    running.status("providers", "prod", "ConnectionTestFailed")
    assert told(running) == {}
    assert told(running, "not-healthy") == {PROD: "ConnectionTestFailed: says ConnectionTestFailed"}
    ended = running.apply("--timeout", "1s")
    assert (ended.code, "[not-healthy]" in ended.out) == (0, True)


def test_an_old_image_that_stays_behind_is_told_again(running: LiveSite) -> None:
    running.write(f"controller: {{vddkImage: {IMAGE}}}\n")
    assert running.apply("--no-wait").code == 0
    path = running.path("configmaps", f"{NAME}-config", group=CORE)
    running.server.request("PATCH", path, {"data": {"VDDK_IMAGE": IMAGE}}, kind=MERGE)
    running.write("providers: {}\n")
    assert running.apply("--no-wait").code == 0
    assert f"the old image is still in effect: {IMAGE}" in told(running)[CONTROLLER]
    running.server.request("PATCH", path, {"data": {"VDDK_IMAGE": None}}, kind=MERGE)
    assert told(running) == {}


def explained(site: LiveSite, provider: str) -> Any:
    ended = site.run("explain", provider, "--output", "json")
    assert ended.code == 0, ended.err
    [found] = ended.data["providers"]
    return found


@pytest.mark.parametrize("parts", ["controller: {vddkImage: null}\n", "providers: {}\n"])
def test_an_old_image_that_stays_behind_is_the_one_that_explain_names(running: LiveSite, parts: str) -> None:
    running.write(f"controller: {{vddkImage: {IMAGE}}}\n")
    assert running.apply("--no-wait").code == 0
    path = running.path("configmaps", f"{NAME}-config", group=CORE)
    running.server.request("PATCH", path, {"data": {"VDDK_IMAGE": IMAGE}}, kind=MERGE)
    running.write(parts)
    assert running.apply("--no-wait").code == 0
    found = explained(running, "plain")
    assert (found["image"], found["plannedImage"]) == (IMAGE, IMAGE)
    where = f"still in effect, by ConfigMap {running.namespace}/{NAME}-config"
    assert [each["where"] for each in found["levels"] if each["wins"]] == [where]
    shown = running.run("explain", "plain").out
    assert where in shown
    assert "no VDDK image" not in shown
    running.write(f"controller: {{vddkImage: {OTHER}}}\n")
    found = explained(running, "plain")
    assert (found["image"], found["plannedImage"]) == (IMAGE, OTHER)
    running.write(parts)
    running.server.request("PATCH", path, {"data": {"VDDK_IMAGE": None}}, kind=MERGE)
    assert explained(running, "plain")["image"] is None


def test_what_is_not_declared_is_not_told(running: LiveSite) -> None:
    running.status("providers", "plain", "ConnectionTestFailed")
    running.write("providers: {edge-berlin: {}}\n")
    assert told(running) == told(running, "not-healthy") == {}


def test_who_may_not_see_the_controller_is_told_of_providers(running: LiveSite) -> None:
    assert running.apply("--no-wait").code == 0
    looks = [{"apiGroups": ["forklift.konveyor.io"], "resources": ["*"], "verbs": ["get", "list"]}]
    running.server.grant("reader", looks)
    records = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    running.server.grant("reader", records, running.namespace)
    assert told(replace(running, user="reader")) == {PROD: "Forklift has not looked at it yet"}


def test_many_providers_are_waited_for_at_once(running: LiveSite) -> None:
    names = [f"many-{number}" for number in range(12)]
    for each in names:
        running.provider(each)
        running.status("providers", each, *GOOD)
    running.write('providers: {"many-*": {aio: true}}\n')
    ended = running.apply("--timeout", "1s")
    assert ended.code == 1
    assert ended.out.count("Forklift has not looked at it yet") == 12
    for each in names:
        running.status("providers", each, *GOOD)
    assert running.apply().code == 0
