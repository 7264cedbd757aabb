"""The record in a cluster: a ConfigMap, readable while it is small, and bounded."""

from __future__ import annotations

import json

import pytest

from tests.support.live_sites import LiveSite
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.connection import connect
from vddkctl.cluster.live.record import Others, Records
from vddkctl.errors import ClusterError
from vddkctl.plan.codec import decode_record, encode_record
from vddkctl.plan.history import shorter
from vddkctl.plan.record import Changed, Record, Run


def records(site: LiveSite) -> Records:
    environment = {"KUBECONFIG": str(site.server.kubeconfig()), "HOME": str(site.root)}
    return Records(Api(connect(None, environment)), site.namespace)


def test_it_says_who_applied_what_and_when(applied: LiveSite) -> None:
    found = applied.get("configmaps", f"vddkctl-{applied.namespace}", group="/api/v1")
    record = json.loads(found["data"]["record"])
    assert record["site"] == applied.namespace
    [run] = record["runs"]
    assert set(run["changes"].values()) == {"done"}
    assert (run["at"].endswith("Z"), run["tool"][:8]) == (True, "vddkctl ")
    assert record["intended"] == {}


@pytest.mark.parametrize("size", [10, 199_000, 201_000, 5_000_000])
def test_large_records_are_packed_and_come_back(site: LiveSite, size: int) -> None:
    content = (b'{"a": 1}\n' * (size // 9 + 1))[:size]
    here = records(site)
    for each in (content, b"small", content):
        here.write("s", each)
        assert here.read("s") == each
    found = site.get("configmaps", "vddkctl-s", group="/api/v1")
    assert ("data" in found, "binaryData" in found) == (size < 200_000, size > 200_000)


def test_one_that_was_damaged_is_told(applied: LiveSite) -> None:
    path = applied.path("configmaps", f"vddkctl-{applied.namespace}", group="/api/v1")
    for data in ({"data": {"record": "{"}}, {"binaryData": {"record.gz": "AAAA"}}):
        applied.server.request("PATCH", path, data, kind="application/merge-patch+json")
        planned = applied.run("plan")
        assert (planned.code, "[record-damaged]" in planned.out) == (0, True)
        ended = applied.run("drift")
        assert ended.code == 1
        assert "damaged" in ended.err or "not JSON" in ended.err


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_second_one_brought_back_beside_it_is_told_and_goes_with_the_next_apply(
    applied: LiveSite, size: int
) -> None:
    path = applied.path("configmaps", f"vddkctl-{applied.namespace}", group="/api/v1")
    here, current = records(applied), records(applied).read(applied.namespace)
    assert current is not None
    older = current[:-2] + b" " * size + b"}\n"
    here.write("older", older)
    brought = applied.get("configmaps", "vddkctl-older", group="/api/v1")
    other = {part: brought[part] for part in ("data", "binaryData") if part in brought}
    if size == 10:  # then it is the current one that is packed
        here.write(applied.namespace, current[:-2] + b" " * 300_000 + b"}\n")
    merge = f"{path}?fieldManager=kubectl"
    assert applied.server.request("PATCH", merge, other, kind="application/merge-patch+json")[0] == 200
    drift = applied.run("drift")
    assert (drift.code, "there are two records, record and record.gz" in drift.err) == (1, True)
    assert applied.apply("--no-wait").code == 0
    after = applied.get("configmaps", f"vddkctl-{applied.namespace}", group="/api/v1")
    assert ("data" in after, "binaryData" in after) == (True, False)
    assert applied.run("drift").code == 0


def test_what_an_older_one_does_not_know_of_is_told(site: LiveSite) -> None:
    site.write("providers: {prod: {aio: true}}\n")
    assert site.apply("--no-wait").code == 0
    path = site.path("configmaps", f"vddkctl-{site.namespace}", group="/api/v1")
    older = site.get("configmaps", f"vddkctl-{site.namespace}", group="/api/v1")["data"]
    site.write("providers: {prod: {aio: true}, test: {aio: true}}\n")
    assert site.apply("--no-wait").code == 0
    assert "[not-recorded]" not in site.run("plan").out
    assert site.server.request("PATCH", path, {"data": older}, kind="application/merge-patch+json")[0] == 200
    assert "[not-recorded]" not in site.run("plan").out  # it is declared
    site.write("providers: {prod: {aio: true}}\n")
    [warning] = [each for each in site.plan()["warnings"] if each["code"] == "not-recorded"]
    assert warning["address"] == f"provider.{site.namespace}/test"
    assert "useVddkAioOptimization: set by vddkctl, and no record says so" in warning["message"]


def test_none_is_no_error(site: LiveSite) -> None:
    assert records(site).read("nobody") is None
    assert records(site).of_others("nobody") == Others({})


def test_what_cannot_be_kept_is_refused(site: LiveSite) -> None:
    import os

    with pytest.raises(ClusterError, match="more than a ConfigMap holds"):
        records(site).write("s", os.urandom(900_000).hex().encode())


def test_a_history_that_is_too_long_for_it_is_cut_and_stops_no_apply(site: LiveSite) -> None:
    import random

    chance = random.Random(1)
    names = [f"provider.{site.namespace}/{chance.randbytes(8).hex()}" for _ in range(4000)]
    runs = tuple(
        Run("2026-11-27T00:00:00Z", "me", "vddkctl", "", dict.fromkeys(names, "done"), number)
        for number in range(1, 51)
    )
    applied = {name: {"spec.settings.useVddkAioOptimization": "true"} for name in names}
    content = encode_record(Record(site.namespace, applied, runs=runs))
    here = records(site)
    here.write(site.namespace, content)
    kept = here.read(site.namespace)
    assert kept is not None
    assert len(kept) < len(content)
    found = decode_record(kept, "")
    assert found.applied == applied
    assert found.runs == runs[-len(found.runs) :]
    assert len(found.runs) > 1
    here.amend(site.namespace, lambda _: content)
    assert here.read(site.namespace) == kept
    assert site.apply().code == 0
    run = json.loads(site.run("history", "--output", "json").out)["runs"]
    assert max(each["number"] for each in run) == 51


def test_a_single_run_is_cut_before_it_is_refused() -> None:
    run = Run("", "", "", "", {"a": "done"}, 7, {"a": {"b": Changed(1, 2)}}, actions={"a": "update differs"})
    first = shorter(Record("s", {}, runs=(run,)))
    assert first is not None
    assert (first.runs[0].number, first.runs[0].details, first.runs[0].changes) == (7, None, {"a": "done"})
    second = shorter(first)
    assert second is not None
    assert (second.runs[0].number, second.runs[0].changes) == (7, {})
    assert shorter(second) is None
