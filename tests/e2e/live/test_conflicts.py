"""Fields that others own: shown, and never overwritten unseen."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.live_sites import APPLY, GROUP, IMAGE, OTHER, LiveSite

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def by_kubectl(site: LiveSite) -> str:
    body = json.dumps({"spec": {"vddk_image": OTHER}})
    words = ("patch", "forkliftcontroller", "forklift-controller", "--type=merge", "-p", body)
    site.server.kubectl("-n", site.namespace, *words)
    return "kubectl-patch"


def by_merge_patch(site: LiveSite) -> str:
    body = {"spec": {"vddk_image": OTHER}}
    site.patch("forkliftcontrollers", "forklift-controller", body, manager="a-script")
    return "a-script"


def by_server_side_apply(site: LiveSite) -> str:
    body = {
        "apiVersion": GROUP,
        "kind": "ForkliftController",
        "metadata": {"name": "forklift-controller"},
        "spec": {"vddk_image": OTHER},
    }
    site.patch("forkliftcontrollers", "forklift-controller", body, kind=APPLY, manager="argocd")
    return "argocd"


WRITERS = (by_kubectl, by_merge_patch, by_server_side_apply)


@pytest.mark.parametrize("write", WRITERS)
def test_every_foreign_writer_is_named_with_the_time(
    applied: LiveSite, write: Callable[[LiveSite], str]
) -> None:
    name = write(applied)
    ended = applied.run("drift")
    assert ended.code == 3
    assert re.search(
        rf"vddk_image   by {name} on {TIME}\n +should be .*@sha256:aaaaaaaa…\n +is .*@sha256:bbbbbbbb…",
        ended.out,
    )
    [found] = applied.run("drift", "--output", "json").data["drift"]
    assert [(f["owner"], f["conflict"]) for f in found["fields"]] == [(name, True)]


@pytest.mark.parametrize("write", WRITERS)
def test_a_conflict_stops_before_anything_is_written(
    applied: LiveSite, write: Callable[[LiveSite], str]
) -> None:
    name = write(applied)
    applied.patch("providers", "prod", {"spec": {"settings": {"vddkConfig": None}}})
    ended = applied.apply()
    assert ended.code == 1
    assert f"spec.vddk_image is {name}'s" in ended.err
    assert (IMAGE in ended.err, OTHER in ended.err) == (True, True)
    assert "vddkConfig" not in applied.settings("prod")
    assert applied.image == OTHER


@pytest.mark.parametrize("write", WRITERS)
def test_it_is_taken_by_policy_or_by_address(applied: LiveSite, write: Callable[[LiveSite], str]) -> None:
    write(applied)
    assert applied.apply("--take", "provider.*/prodd").code == 64
    assert applied.apply("--take", "provider.*").code == 1
    assert applied.image != IMAGE
    for _ in range(2):  # a run that is repeated finds nothing left to take
        assert applied.apply("--take", "controller.*").code == 0
        assert applied.image == IMAGE
    write(applied)
    with (applied.root / "site.yaml").open("a") as spec:
        spec.write("policy: {conflicts: take}\n")
    assert applied.apply().code == 0
    assert applied.image == IMAGE
    assert applied.run("drift").code == 0


def test_what_another_owns_is_unset_only_by_taking_it(site: LiveSite) -> None:
    site.patch("providers", "test", {"spec": {"settings": {"vddkInitImage": OTHER}}})
    refused = site.apply()
    assert refused.code == 1
    assert "spec.settings.vddkInitImage is somebody's" in refused.err
    taken = site.apply("--take", f"provider.{site.namespace}/test")
    assert taken.code == 0, taken.err
    assert "vddkInitImage" not in site.settings("test")


def test_what_others_own_as_well_is_given_up_and_stays(applied: LiveSite) -> None:
    body = {
        "apiVersion": GROUP,
        "kind": "ForkliftController",
        "metadata": {"name": "forklift-controller"},
        "spec": {"vddk_image": IMAGE},
    }
    applied.patch("forkliftcontrollers", "forklift-controller", body, kind=APPLY, manager="argocd")
    applied.write('providers:\n  prod: {aio: true, buffers: small}\n  "edge-*": {aio: true}\n')
    assert applied.changing() == []
    assert applied.apply().code == 0
    assert applied.image == IMAGE


def test_a_change_between_the_check_and_the_write_is_not_overwritten(site: LiveSite) -> None:
    assert site.run("plan", "-o", "p.json").code == 0
    by_merge_patch(site)
    ended = site.run("apply", "p.json")
    assert ended.code == 1
    assert "spec.vddk_image was not set, now" in ended.err
    assert site.image == OTHER


def test_every_report_says_who_and_when(applied: LiveSite) -> None:
    name = by_kubectl(applied)
    files = [f"r.{ending}" for ending in ("html", "md", "xml")]
    words = [word for file in files for word in ("--report", file)]
    assert applied.run("drift", "--quiet", *words).code == 3
    for file in files:
        assert re.search(rf"by {name} on \d{{4}}-\d\d-\d\d", (applied.root / file).read_text()), file
    assert applied.apply("--take", "controller.*", *words).code == 0
    assert "Applied: 1 of 1 change done." in (applied.root / "r.md").read_text()


def test_a_cluster_that_is_away_is_no_drift_of_zero(applied: LiveSite) -> None:
    config = applied.root / "away"
    text = applied.server.kubeconfig(applied.user).read_text()
    config.write_text(re.sub(r"(https://[^:/\"]+):\d+", r"\1:1", text))
    assert config.read_text() != text
    away = replace(applied, environment={"KUBECONFIG": str(config)})
    ended = away.run("drift", "--report", "r.prom", "--report", "r.md")
    assert (ended.code, ended.out) == (1, "")
    metrics = (applied.root / "r.prom").read_text()
    assert f'vddkctl_last_run_success{{site="{applied.namespace}",run="drift"}} 0\n' in metrics
    assert "vddkctl_drift_fields" not in metrics
    assert "The drift failed." in (applied.root / "r.md").read_text()
