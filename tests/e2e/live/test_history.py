"""The history of a live site: what each run was, and records that are edited, cut off, lost or from the future."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.support.imaged_sites import ImagedSite, put_record, record_of
from tests.support.live_sites import LiveSite

CORE = "/api/v1"


def lose(site: LiveSite) -> None:
    site.server.request("DELETE", site.path("configmaps", f"vddkctl-{site.namespace}", group=CORE))


def edit(site: LiveSite) -> None:
    """Somebody edits a value by hand."""
    found = site.get("configmaps", f"vddkctl-{site.namespace}", group=CORE)["data"]["record"]
    assert "BufCount=4" in found
    put_record(site, found.replace("BufCount=4", "BufCount=9"))


def cut(site: LiveSite) -> None:
    put_record(site, '{"formatVersion": "1.0", "site"')


def test_each_run_says_what_it_was(twice: ImagedSite) -> None:
    listed = twice.live.run("history")
    newest, first = listed.out.splitlines()
    assert newest.startswith("   2  20")
    assert "Z  apply  " in newest
    assert "  vddkctl 0." in newest
    assert "  spec sha256:" in newest
    assert newest.endswith("  4 done")
    assert first.endswith("  2 done")
    data = twice.live.run("history", "--output", "json").data
    assert [(run["number"], run["kind"], run["result"]) for run in data["runs"]] == [
        (2, "apply", "done"),
        (1, "apply", "done"),
    ]
    one = twice.live.run("history", "show", "2")
    assert f"  controller.{twice.live.namespace}/forklift-controller  update differs  done\n" in one.out
    assert "vddk_image   quay.io/old/vddk:1 → " in one.out
    assert f"tag      {twice.registry.host}/{twice.repository}:8.0.1\n" in one.out
    told = twice.live.run("history", "show", "2", "--output", "json").data
    assert told["actions"]["image.vddk-8"] == "replace archive-changed"
    assert set(told["details"]["image.vddk-8"]) == {"digest", "reference"}


@pytest.mark.parametrize(("damage", "says"), [(edit, "edited by hand"), (cut, "not JSON, or not whole")])
def test_a_damaged_record_is_told_and_the_plan_is_made_without_it(
    applied: LiveSite, damage: Callable[[LiveSite], None], says: str
) -> None:
    damage(applied)
    kept = applied.get("configmaps", f"vddkctl-{applied.namespace}", group=CORE)["data"]["record"]
    applied.patch("providers", "prod", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})
    planned = applied.run("plan")
    assert planned.code == 0, planned.err
    assert says in planned.out
    assert "[record-damaged]" in planned.out
    assert "useVddkAioOptimization   false → true" in planned.out
    assert says in applied.run("plan", "--summary").err
    for command in (("drift",), ("history",), ("rollback", "1", "--auto-approve")):
        ended = applied.run(*command)
        assert ended.code == 1, command
        assert says in ended.err, command
        assert "bring it back from a backup" in ended.err, command
        assert "No drift" not in ended.out, command
    done = applied.apply("--take", "*", "--no-wait")
    assert done.code == 0, done.err
    aside = applied.get("configmaps", f"vddkctl.damaged-{applied.namespace}", group=CORE)
    assert aside["data"]["record"] == kept
    assert applied.run("drift").code == 0
    assert [run.number for run in record_of(applied).runs] == [1]


def test_a_record_that_was_deleted_is_told_apart_from_a_site_that_is_new(site: LiveSite) -> None:
    new = site.run("drift")
    assert (new.code, "nothing was applied yet, or the record of" in new.err) == (1, True)
    assert site.run("history").out == "Nothing was applied yet.\n"
    assert site.apply("--no-wait").code == 0
    lose(site)
    planned = site.run("plan")
    assert (planned.code, "[record-gone]" in planned.out) == (0, True)
    assert "vddkctl has set fields of controller." in planned.out
    assert "[record-gone]" in site.run("plan", "--target", "controller.*").out
    for command in (("drift",), ("history",), ("rollback", "1", "--auto-approve")):
        ended = site.run(*command)
        assert ended.code == 1, command
        assert f"the record of {site.namespace} is gone: vddkctl has set fields of" in ended.err, command
        assert "bring the record back from a backup, or apply" in ended.err, command
    assert site.apply("--no-wait").code == 0
    assert site.run("drift").code == 0
    assert "0 changes; 4 addresses newly recorded" in site.run("history").out


def test_a_record_of_the_future_is_told_and_does_no_harm(applied: LiveSite) -> None:
    record = record_of(applied)
    put_record(applied, replace(record, runs=(replace(record.runs[0], at="2999-01-01T00:00:00Z"),)))
    assert "! dated in the future: a clock was wrong" in applied.run("history").out
    told = applied.run("drift")
    assert (told.code, told.out) == (0, "No drift.\n")
    assert "The last run is dated 2999-01-01T00:00:00Z" in told.err
    applied.write("providers:\n  prod: {aio: true, buffers: large}\n")
    assert applied.apply("--no-wait").code == 0
    newest, _ = applied.run("history").out.splitlines()
    assert newest.startswith("   2  20")
    assert "! dated before the run below it: a clock was wrong" in newest
    assert applied.run("rollback", "1", "--auto-approve").code == 0


def test_places_that_cannot_be_reached_are_never_no_drift(twice: ImagedSite) -> None:
    gone = replace_host(twice)
    for words in (("drift",), ("drift", "--quiet"), ("drift", "--heal")):
        ended = twice.live.run(*words)
        assert (ended.code, ended.out) == (1, ""), words
        assert gone in ended.err


def replace_host(site: ImagedSite) -> str:
    """The spec names a registry at a port where nobody listens."""
    path = site.live.root / "site.yaml"
    path.write_text(path.read_text().replace(site.registry.host, "127.0.0.1:1"))
    return "127.0.0.1:1"


def test_the_history_is_data_that_a_reader_can_follow(applied: LiveSite) -> None:
    data = json.loads(applied.run("history", "show", "1", "--output", "json").out)
    assert {"number", "at", "by", "tool", "siteDigest", "kind", "result", "changes", "details"} <= set(data)
