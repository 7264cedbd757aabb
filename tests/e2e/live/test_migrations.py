"""Migrations that run are not disturbed: refused, waited for, or gone on in spite of them, by policy."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.live_sites import GROUP, IMAGE, MERGE, OTHER, Ended, LiveSite

CONTROLLER = f"controller: {{vddkImage: {IMAGE}}}\n"
PROD = f"providers:\n  prod: {{vddkImage: {IMAGE}}}\n"


def migrate(site: LiveSite, provider: str, name: str = "wave-1") -> None:
    """Forklift's plan from a provider, and a migration of it that runs."""
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": provider, **ref}, "destination": {"name": "host", **ref}}
    maps = {"network": {"name": "n", **ref}, "storage": {"name": "s", **ref}}
    plan = {"provider": pair, "targetNamespace": "vms", "map": maps, "vms": [{"id": "vm-1"}]}
    site.create("Plan", "plans", name, plan)
    site.create("Migration", "migrations", name, {"plan": {"name": name, **ref}})
    site.status("migrations", name, "Running")


@pytest.fixture
def forklift(site: LiveSite) -> Iterator[LiveSite]:
    """A site whose migrations are gone afterwards."""
    yield site
    site.server.request("DELETE", site.path("migrations"))


@pytest.fixture
def migrating(forklift: LiveSite) -> LiveSite:
    """Machines of ``prod`` are on the move."""
    migrate(forklift, "prod")
    return forklift


def test_a_restart_of_the_controller_is_refused_and_nothing_is_written(migrating: LiveSite) -> None:
    migrating.write(CONTROLLER + "providers: {plain: {aio: true}}\n")
    shown = migrating.run("plan")
    assert (shown.code, "[migration-running]" in shown.out) == (0, True)
    ended = migrating.apply()
    assert ended.code == 1
    assert "nothing was written, since migrations are running" in ended.err
    assert f"{migrating.namespace}/wave-1" in ended.err
    assert "policy.activeMigrations" in ended.err
    assert (migrating.image, migrating.settings("plain")) == (None, {"sdkEndpoint": "vcenter"})


def test_another_image_of_its_own_provider_is_refused(migrating: LiveSite) -> None:
    migrating.write(PROD)
    ended = migrating.apply()
    assert (ended.code, "vddkInitImage" in migrating.settings("prod")) == (1, False)
    assert f"{migrating.namespace}/wave-1" in ended.err


@pytest.mark.parametrize(
    "spec",
    [
        f"providers:\n  plain: {{vddkImage: {IMAGE}}}\n",
        "providers:\n  prod: {aio: true, buffers: small}\n",
    ],
)
def test_what_it_does_not_feel_is_done(migrating: LiveSite, spec: str) -> None:
    migrating.write(spec)
    ended = migrating.apply()
    assert ended.code == 0, ended.err
    assert migrating.changing() == []


def test_a_provider_that_is_created_moves_nothing_yet(migrating: LiveSite) -> None:
    migrating.server.request("DELETE", migrating.path("plans", "wave-1"))
    (migrating.root / "words").write_text("s3same")
    credentials = "{username: {file: ./words}, password: {file: ./words}}"
    create = f"{{url: https://new.example.com/sdk, credentials: {credentials}, insecureSkipVerify: true}}"
    migrating.write(f"providers:\n  new: {{vddkImage: {IMAGE}, create: {create}}}\n")
    ended = migrating.apply()
    assert ended.code == 0, ended.err
    assert migrating.settings("new") == {"vddkInitImage": IMAGE}


def test_a_migration_of_a_plan_that_is_gone_may_be_of_any_provider(migrating: LiveSite) -> None:
    migrating.server.request("DELETE", migrating.path("plans", "wave-1"))
    migrating.write(PROD.replace("prod:", "plain:"))
    assert migrating.apply().code == 1


@pytest.mark.parametrize("end", ["Succeeded", "Failed", "Canceled"])
def test_one_that_has_ended_is_none(migrating: LiveSite, end: str) -> None:
    migrating.status("migrations", "wave-1", "Running", end)
    migrating.write(CONTROLLER)
    ended = migrating.apply()
    assert ended.code == 0, ended.err
    assert migrating.image == IMAGE


def test_one_that_has_not_begun_is_none(migrating: LiveSite) -> None:
    migrating.status("migrations", "wave-1", "Ready")
    migrating.write(CONTROLLER)
    assert migrating.apply().code == 0


def test_ignore_goes_on(migrating: LiveSite) -> None:
    migrating.write(CONTROLLER + "policy: {activeMigrations: ignore}\n")
    ended = migrating.apply()
    assert (ended.code, migrating.image) == (0, IMAGE)


def ended_after(site: LiveSite, process: subprocess.Popen[str], *true: str) -> Ended:
    """Let the migration end, and then the run."""
    try:
        site.status("migrations", "wave-1", "Running", *true)
        out, err = process.communicate(timeout=40)
    finally:
        process.kill()
    return Ended(process.returncode, out, err)


def test_wait_goes_on_when_it_ends(migrating: LiveSite) -> None:
    migrating.write(CONTROLLER + "policy: {activeMigrations: wait}\n")
    process = migrating.start("apply", "--auto-approve", "-v")
    time.sleep(4)
    before = (process.poll(), migrating.image)
    ended = ended_after(migrating, process, "Succeeded")
    assert before == (None, None)
    assert ended.code == 0, ended.err
    assert migrating.image == IMAGE


def test_what_moves_while_it_waits_is_not_overwritten(migrating: LiveSite) -> None:
    migrating.write(CONTROLLER + "policy: {activeMigrations: wait}\n")
    process = migrating.start("apply", "--auto-approve")
    time.sleep(4)
    migrating.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": OTHER}})
    ended = ended_after(migrating, process, "Failed")
    assert (ended.code, migrating.image) == (1, OTHER)
    assert "spec.vddk_image" in ended.err


def test_a_saved_plan_is_refused_by_a_migration_that_began_after_it(forklift: LiveSite) -> None:
    forklift.write(CONTROLLER)
    assert forklift.run("plan", "-o", "p.json").code == 0
    migrate(forklift, "prod", "late")
    ended = forklift.run("apply", "p.json")
    assert (ended.code, forklift.image) == (1, None)
    assert f"{forklift.namespace}/late" in ended.err


# Runs a command of ours when the first write is done (the record says what is intended): so late others may begin.
MEANWHILE = """
import subprocess, sys
from vddkctl.cluster.live import api
words, real = sys.argv.pop(1).split("\\n"), api.Api.send
def send(self, method, path, query=None, body=None, kind=api.JSON):
    answer = real(self, method, path, query, body, kind)
    if method == "PATCH" and "/configmaps/" in path and words:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        words.clear()
    return answer
api.Api.send = send
from vddkctl.__main__ import main
main()
"""


def begins_meanwhile(site: LiveSite) -> subprocess.Popen[str]:
    """An apply during which a migration begins."""
    migrate(site, "prod", "late")
    site.status("migrations", "late", "Ready")
    running = {"type": "Running", "status": "True", "category": "Advisory", "message": "it runs"}
    condition = {**running, "lastTransitionTime": "2026-11-20T10:00:00Z"}
    body = json.dumps({"status": {"conditions": [condition]}})
    url = site.server.url + site.path("migrations", "late") + "/status"
    words = ["curl", "-sf", "--cacert", str(site.server.ca), "-X", "PATCH", "-d", body, url]
    for header in (f"Authorization: Bearer {site.server.tokens[site.user]}", f"Content-Type: {MERGE}"):
        words += ["-H", header]
    return site.start("apply", "--auto-approve", script=(MEANWHILE, "\n".join(words)))


def test_one_that_begins_during_the_run_is_not_disturbed_and_the_rest_is_done(forklift: LiveSite) -> None:
    forklift.write(CONTROLLER + "providers: {prod: {aio: true}}\n")
    with begins_meanwhile(forklift) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 4
    assert f"a migration began meanwhile, and would be disturbed: {forklift.namespace}/late" in out
    assert (forklift.image, forklift.settings("prod")["useVddkAioOptimization"]) == (None, "true")
    forklift.status("migrations", "late", "Running", "Succeeded")
    assert forklift.apply().code == 0
    assert forklift.image == IMAGE


def test_one_that_begins_during_the_run_is_waited_for_where_that_is_the_policy(forklift: LiveSite) -> None:
    forklift.write(CONTROLLER + "policy: {activeMigrations: wait}\n")
    process = begins_meanwhile(forklift)
    try:
        time.sleep(6)
        before = (process.poll(), forklift.image)
        forklift.status("migrations", "late", "Running", "Failed")
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert before == (None, None)
    assert process.returncode == 0, err
    assert forklift.image == IMAGE


def test_one_that_begins_during_the_run_is_no_matter_where_that_is_the_policy(forklift: LiveSite) -> None:
    forklift.write(CONTROLLER + "policy: {activeMigrations: ignore}\n")
    with begins_meanwhile(forklift) as process:
        process.communicate(timeout=60)
    assert (process.returncode, forklift.image) == (0, IMAGE)


FORKLIFT = "forklift.konveyor.io"
HOME_ALONE = [
    {"apiGroups": [FORKLIFT], "resources": ["*"], "verbs": ["list", "get", "patch"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create", "patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
]
RIGHT = f"may not list migrations.{FORKLIFT} in all namespaces"


@pytest.fixture
def abroad(forklift: LiveSite) -> Iterator[LiveSite]:
    """A migration of another namespace runs, and the user has rights in Forklift's namespace alone."""
    other = replace(forklift, namespace=forklift.server.namespace("vms"))
    plan = {"name": "px", "namespace": other.namespace}
    other.create("Migration", "migrations", "mx", {"plan": plan})
    other.status("migrations", "mx", "Running")
    forklift.server.grant("alice", HOME_ALONE, forklift.namespace)
    yield replace(forklift, user="alice")
    other.server.request("DELETE", other.path("migrations"))


def test_migrations_that_are_not_seen_are_warned_about_and_an_apply_goes_on(abroad: LiveSite) -> None:
    abroad.write(CONTROLLER + f"providers: {{prod: {{vddkImage: {IMAGE}}}, plain: {{aio: true}}}}\n")
    found = [w for w in abroad.plan()["warnings"] if w["code"] == "migrations-not-seen"]
    home = abroad.namespace
    assert [w["address"] for w in found] == [
        f"controller.{home}/forklift-controller",
        f"provider.{home}/prod",
    ]
    assert all(RIGHT in w["message"] for w in found)
    admin = replace(abroad, user="admin").run("plan")
    assert ("[migrations-not-seen]" in admin.out, "[migration-running]" in admin.out) == (False, True)
    ended = abroad.apply("--no-wait")
    assert ended.code == 0, ended.err
    assert abroad.image == IMAGE
    assert "migrations-not-seen" not in abroad.run("plan").out, "nothing changes"


@pytest.mark.parametrize("policy", ["refuse", "wait"])
def test_where_the_spec_says_what_to_do_about_migrations_they_have_to_be_seen(
    abroad: LiveSite, policy: str
) -> None:
    abroad.write(CONTROLLER + f"policy: {{activeMigrations: {policy}}}\n")
    ended = abroad.apply("--no-wait")
    assert (ended.code, abroad.image) == (1, None)
    assert "nothing was written, since the spec says policy.activeMigrations" in ended.err
    assert RIGHT in ended.err
    abroad.write(f"providers: {{plain: {{aio: true}}}}\npolicy: {{activeMigrations: {policy}}}\n")
    assert abroad.apply("--no-wait").code == 0, "no migration feels that"
    abroad.write(CONTROLLER + "policy: {activeMigrations: ignore}\n")
    assert abroad.apply("--no-wait").code == 0
    assert abroad.image == IMAGE


def test_who_carries_out_a_saved_plan_has_to_see_them_as_well(abroad: LiveSite) -> None:
    abroad.server.request("DELETE", f"/apis/{GROUP}/namespaces/{abroad.namespace}/migrations")
    abroad.write(CONTROLLER + "policy: {activeMigrations: wait}\n")
    assert replace(abroad, user="admin").run("plan", "-o", "p.json").code == 0
    ended = abroad.run("apply", "p.json")
    assert (ended.code, abroad.image) == (1, None)
    assert RIGHT in ended.err


def test_what_heals_does_not_restart_the_controller_unseen_where_the_spec_forbids_it(
    abroad: LiveSite,
) -> None:
    policy = "policy: {activeMigrations: wait, conflicts: take}\n"
    abroad.write(CONTROLLER + "policy: {activeMigrations: ignore}\n")
    assert abroad.apply("--no-wait").code == 0
    abroad.write(CONTROLLER + policy)
    abroad.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": OTHER}})
    ended = abroad.run("drift", "--heal")
    assert (ended.code, abroad.image) == (3, OTHER)
    assert RIGHT in ended.err
    abroad.write(CONTROLLER + "policy: {conflicts: take}\n")
    assert abroad.run("drift", "--heal").code == 0
    assert abroad.image == IMAGE


def another_forklift(site: LiveSite) -> LiveSite:
    """Another namespace, with a ForkliftController of its own."""
    other = replace(site, namespace=site.server.namespace("another"))
    kind, plural, name = "ForkliftController", "forkliftcontrollers", "forklift-controller"
    other.create(kind, plural, name, {"feature_ui_plugin": "true"})
    other.provider("theirs")
    return other


def test_what_another_forklift_moves_is_no_matter_here(forklift: LiveSite) -> None:
    other = another_forklift(forklift)
    migrate(other, "theirs")
    other.create(
        "Migration", "migrations", "orphan", {"plan": {"name": "gone", "namespace": other.namespace}}
    )
    other.status("migrations", "orphan", "Running")
    forklift.write(CONTROLLER + PROD + "policy: {activeMigrations: refuse}\n")
    assert "[migration-running]" not in forklift.run("plan").out
    ended = forklift.apply("--no-wait")
    assert ended.code == 0, ended.err
    assert forklift.image == IMAGE
    forklift.write(
        f"controller: {{vddkImage: {IMAGE}}}\n", cluster=f"cluster: {{namespace: {other.namespace}}}\n"
    )
    refused = forklift.apply("--no-wait")
    assert (refused.code, f"{other.namespace}/wave-1" in refused.err) == (1, True), "there it is"


def test_one_in_a_namespace_without_a_forklift_counts(forklift: LiveSite) -> None:
    vms = replace(forklift, namespace=forklift.server.namespace("vms"))
    migrate(vms, "prod")
    forklift.write(CONTROLLER)
    ended = forklift.apply()
    vms.server.request("DELETE", vms.path("migrations"))
    assert (ended.code, f"{vms.namespace}/wave-1" in ended.err) == (1, True)


def test_one_of_our_provider_counts_wherever_it_is(forklift: LiveSite) -> None:
    other = another_forklift(forklift)
    plan = forklift.plan_object("px", "prod", "vms")
    assert plan
    spec = forklift.get("plans", "px")["spec"]
    other.create("Plan", "plans", "px", spec)
    other.create("Migration", "migrations", "px", {"plan": {"name": "px", "namespace": other.namespace}})
    other.status("migrations", "px", "Running")
    forklift.write(PROD)
    ended = forklift.apply()
    assert (ended.code, f"{other.namespace}/px" in ended.err) == (1, True)


def test_nothing_is_refused_where_nothing_changes(migrating: LiveSite) -> None:
    migrating.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": IMAGE}})
    migrating.write(CONTROLLER)
    assert migrating.apply().code == 0
