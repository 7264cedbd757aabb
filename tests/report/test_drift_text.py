"""Drift, as people and programs read it."""

from __future__ import annotations

from dataclasses import replace

from tests.support.worlds import IMAGE, World, digest, provider
from vddkctl.plan.codec import plan_to_json
from vddkctl.plan.drift import drift_of
from vddkctl.plan.exposed import Exposure
from vddkctl.plan.observed import PushedImage
from vddkctl.report.drift_text import drift_json, drift_text

OWN = "provider.openshift-mtv/a"
AIO = "spec.settings.useVddkAioOptimization"
INIT = "spec.settings.vddkInitImage"
DRIFTED = World(
    providers=(provider("a", {"useVddkAioOptimization": "false"}), provider("b")),
    pushed={"vddk-8": PushedImage(digest("1"))},
).applied(
    {OWN: {AIO: "true"}, "image.vddk-8": {"reference": "oci:./images/vddk:8.0.1", "digest": digest("9")}}
)
SPEC = IMAGE + "providers: {a: {aio: true, vddkImage: vddk-8}, b: {aio: true}}\n"


def test_what_should_be_what_is_and_where() -> None:
    plan = DRIFTED.plan(SPEC)
    assert drift_text(drift_of(plan), plan.tags) == (
        """\
  ≠ image.vddk-8
      tag
        should be  sha256:99999999…
        is         sha256:11111111…
  ≠ provider.openshift-mtv/a
      useVddkAioOptimization   at providers.yaml:14
        should be  true
        is         false

Drift: 2 fields of 2 addresses changed by someone else.
Pending: provider.openshift-mtv/a vddkInitImage
Pending: provider.openshift-mtv/b useVddkAioOptimization
2 addresses have pending changes of the spec: see vddkctl plan.
"""
    )


def test_the_same_as_data() -> None:
    plan = DRIFTED.plan(SPEC)
    data = drift_json(drift_of(plan), plan_to_json(plan), "2026-11-20T10:00:00Z")
    assert list(data)[:5] == ["formatVersion", "tool", "site", "at", "location"]
    assert (data["tool"], data["at"]) == (plan.tool, "2026-11-20T10:00:00Z")
    assert data["location"]["namespace"] == plan.location.namespace
    assert data["summary"] == {
        "drift": 2,
        "pending": 2,
        "gone": 0,
        "exposed": 0,
        "ignored": 0,
        "expiredIgnores": 0,
    }
    assert [(c["address"], [f["path"] for f in c["fields"]]) for c in data["drift"]] == [
        ("image.vddk-8", ["digest"]),
        (OWN, [AIO]),
    ]
    assert [(c["address"], [f["path"] for f in c["fields"]]) for c in data["pending"]] == [
        (OWN, [INIT]),
        ("provider.openshift-mtv/b", [AIO]),
    ]


def test_what_a_tag_names_now_says_what_it_is() -> None:
    for pushed, says in (
        (
            PushedImage(digest("1"), "0" * 64, version="7.0.3", created="2023-01-02T03:04:05Z"),
            "VDDK 7.0.3, archive ",
        ),
        (PushedImage(digest("1"), "0" * 64), "archive sha256:00000000…\n"),
        (PushedImage(digest("1"), created="2023-01-02T03:04:05Z"), "an image of 2023-01-02\n"),
    ):
        plan = replace(DRIFTED, pushed={"vddk-8": pushed}).plan(SPEC)
        assert f"        is         sha256:11111111…   {says}" in drift_text(drift_of(plan), plan.tags)


def test_a_public_image_is_drift() -> None:
    plan = World().plan("")
    public = Exposure(
        "public-host", "ttl.sh/vddk", "ttl.sh is public, and anyone can pull ttl.sh/vddk", "choose another"
    )
    drift = drift_of(plan, {"image.vddk-8": public})
    assert drift.found
    assert drift_text(drift, {}) == (
        """\
  ! image.vddk-8
      ttl.sh is public, and anyone can pull ttl.sh/vddk
      VDDK's licence forbids that: choose another

Drift: 1 image public.
"""
    )
    assert drift_json(drift, plan_to_json(plan), "")["exposed"] == [
        {
            "address": "image.vddk-8",
            "kind": "public-host",
            "repository": "ttl.sh/vddk",
            "message": public.message,
        }
    ]


def test_what_is_pending_is_named_by_field() -> None:
    plan = World(providers=(provider("a"),)).plan("providers: {a: {aio: true}}\n")
    assert drift_text(drift_of(plan), {}) == (
        "No drift.\nPending: provider.openshift-mtv/a useVddkAioOptimization\n"
        "1 address has pending changes of the spec: see vddkctl plan.\n"
    )
