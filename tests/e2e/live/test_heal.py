"""Healing in a live cluster: what can be put back is, the rest is told, and nothing else is touched."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.live.test_migrations import migrate
from tests.support.imaged_sites import TWO, ImagedSite, record_of
from tests.support.killing import killed
from tests.support.live_sites import IMAGE, LiveSite
from tests.support.webhook import webhook

AIO = "useVddkAioOptimization"
REMOVED = [{"op": "remove", "path": f"/spec/settings/{AIO}"}]
JSON_PATCH = "application/json-patch+json"


def change(site: LiveSite, provider: str, value: str = "false") -> None:
    site.patch("providers", provider, {"spec": {"settings": {AIO: value}}})


def remove(site: LiveSite, provider: str) -> None:
    """Somebody takes the field away: then it is nobody's."""
    site.patch("providers", provider, REMOVED, kind=JSON_PATCH)


def managers(site: LiveSite, provider: str) -> set[str]:
    """Who has set AIO."""
    found = site.get("providers", provider)["metadata"]["managedFields"]
    settings = [(each["manager"], each["fieldsV1"].get("f:spec", {}).get("f:settings", {})) for each in found]
    return {manager for manager, fields in settings if f"f:{AIO}" in fields}


def test_a_conflict_keeps_nothing_else_from_being_healed(applied: LiveSite) -> None:
    change(applied, "prod")
    remove(applied, "edge-berlin")
    healed = applied.run("drift", "--heal", "--quiet")
    assert healed.code == 3, healed.err
    assert f"✓ provider.{applied.namespace}/edge-berlin  updated\n" in healed.out
    assert "Healed: 1 of 1 change done." in healed.out
    address = f"provider.{applied.namespace}/prod"
    assert f"  {address}: {AIO} is somebody's since 20" in healed.err
    assert f"take it back with --take {address}" in healed.err
    assert applied.settings("edge-berlin")[AIO] == "true"
    assert (applied.settings("prod")[AIO], managers(applied, "prod")) == ("false", {"somebody"})
    run = record_of(applied).runs[-1]
    assert (run.kind, run.result, set(run.changes.values())) == ("heal", "done", {"done"})
    assert "  heal   " in applied.run("history").out
    taken = applied.run("drift", "--heal", "--quiet", "--take", "provider.*")
    assert taken.code == 0, taken.err
    assert applied.settings("prod")[AIO] == "true"
    assert f"{AIO}   false → true   taken from somebody\n" in applied.run("history", "show", "3").out
    quiet = applied.run("drift", "--heal", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert len(record_of(applied).runs) == 3


def test_a_conflict_in_one_field_keeps_no_other_field_from_being_healed(applied: LiveSite) -> None:
    change(applied, "prod")
    applied.patch(
        "providers", "prod", [{"op": "remove", "path": "/spec/settings/vddkConfig"}], kind=JSON_PATCH
    )
    healed = applied.run("drift", "--heal")
    assert healed.code == 3
    assert "BufSizeIn64KB=64" in applied.settings("prod")["vddkConfig"]
    assert managers(applied, "prod") == {"somebody"}, "what somebody made of a field does not become ours"
    again = applied.run("drift", "--heal")
    assert (again.code, again.err.splitlines()[0]) == (3, "Nothing of it can be healed:")


def test_nothing_that_is_pending_is_touched(applied: LiveSite) -> None:
    applied.write(
        f'controller: {{vddkImage: {IMAGE}}}\nproviders:\n  prod: {{aio: true, buffers: large}}\n  "edge-*": {{}}\n'
    )
    remove(applied, "prod")
    before = applied.settings("prod")["vddkConfig"]
    told = applied.run("drift", "--heal")
    assert told.code == 0, told.err
    assert applied.settings("prod") == {"sdkEndpoint": "vcenter", AIO: "true", "vddkConfig": before}
    assert applied.settings("edge-berlin")[AIO] == "true", "to give it back is pending, too"
    assert "prod vddkConfig\n" in told.out
    assert record_of(applied).applied[f"provider.{applied.namespace}/edge-berlin"]


def test_a_field_that_is_both_is_told(applied: LiveSite) -> None:
    applied.write("providers:\n  prod: {aio: true, buffers: large}\n")
    applied.patch("providers", "prod", {"spec": {"settings": {"vddkConfig": "x=1\n"}}})
    told = applied.run("drift", "--heal")
    assert told.code == 3
    assert "vddkConfig   drift and pending   by somebody on 20" in told.out
    assert "the spec asks for another vddkConfig by now: see vddkctl plan" in told.err


def test_more_than_the_limit_is_somebodys_plan(applied: LiveSite) -> None:
    for name in ("prod", "edge-berlin"):
        remove(applied, name)
    told = applied.run("drift", "--heal", "--heal-limit", "1")
    assert told.code == 3
    assert "2 addresses are more than --heal-limit 1" in told.err
    assert AIO not in applied.settings("prod")


def test_a_running_migration_keeps_only_what_it_would_feel(applied: LiveSite) -> None:
    remove(applied, "prod")
    controller = [{"op": "remove", "path": "/spec/vddk_image"}]
    applied.patch("forkliftcontrollers", "forklift-controller", controller, kind=JSON_PATCH)
    migrate(applied, "prod")
    try:
        told = applied.run("drift", "--heal")
    finally:
        applied.server.request("DELETE", applied.path("migrations"))
    assert told.code == 3
    assert f"/forklift-controller: it would disturb what runs: {applied.namespace}/wave-1" in told.err
    assert (applied.image, applied.settings("prod")[AIO]) == (None, "true")
    assert applied.run("drift", "--heal").code == 0
    assert applied.image == IMAGE


def test_what_a_webhook_refuses_keeps_nothing_else_from_being_healed(
    applied: LiveSite, tmp_path: Path
) -> None:
    for name in ("prod", "edge-berlin"):
        remove(applied, name)

    def refuses(request: Any) -> str | None:
        return "prod is frozen" if request["name"] == "prod" else None

    with webhook(applied.server, tmp_path, applied.namespace, refuses):
        told = applied.run("drift", "--heal")
    assert told.code == 3, told.out + told.err
    assert "Healed: 1 of 1 change done." in told.out
    assert f"  provider.{applied.namespace}/prod: " in told.err
    assert "prod is frozen" in told.err
    assert applied.settings("edge-berlin")[AIO] == "true"
    assert applied.run("drift", "--heal").code == 0


def test_one_who_may_not_write_is_told_which_right_is_missing(applied: LiveSite) -> None:
    from dataclasses import replace

    remove(applied, "prod")
    look = ["get", "list"]
    applied.server.grant(
        "cron",
        [
            {"apiGroups": ["forklift.konveyor.io"], "resources": ["*"], "verbs": look},
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": look},
        ],
    )
    told = replace(applied, user="cron").run("drift", "--heal")
    assert told.code == 3
    assert f"  provider.{applied.namespace}/prod: " in told.err
    assert "patch" in told.err
    assert len(record_of(applied).runs) == 1


def test_a_tag_and_what_names_it_are_healed(twice: ImagedSite) -> None:
    digest = twice.tags["8.0.1"]
    place = f"{twice.registry.host}/{twice.repository}"
    words = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false"]
    base = f"oci:{twice.live.root}/base:small"
    subprocess.run([*words, base, f"docker://{place}:8.0.1"], check=True)
    told = twice.live.run("drift")
    assert told.code == 3
    assert f"≠ image.vddk-8\n      tag\n        should be  {digest[:15]}…\n" in told.out
    assert "   an image of 20" in told.out
    healed = twice.live.run("drift", "--heal")
    assert healed.code == 0, healed.err
    assert twice.tags["8.0.1"] == digest
    assert twice.live.run("drift").code == 0
    twice.write(TWO, archive="seven")
    assert twice.live.changing() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_heal_that_is_killed_is_finished_by_the_next(applied: LiveSite, number: int, when: str) -> None:
    for name in ("prod", "edge-berlin"):
        remove(applied, name)
    assert killed(applied, number, when, "drift", "--heal")
    assert applied.run("drift", "--heal").code == 0
    assert [applied.settings(name)[AIO] for name in ("prod", "edge-berlin")] == ["true", "true"]
    assert applied.run("drift").code == 0
    assert applied.changing() == []


def test_of_two_heals_at_once_one_does_it(applied: LiveSite) -> None:
    for name in ("prod", "edge-berlin"):
        remove(applied, name)
    runs = [applied.start("drift", "--heal", "--quiet") for _ in range(3)]
    ended = [(run.communicate(timeout=90), run.returncode) for run in runs]
    assert 0 in [code for _, code in ended]
    for (_, error), code in ended:
        assert code == 0 or "another run is at work" in error or "the plan is stale" in error, error
    assert applied.run("drift").code == 0
