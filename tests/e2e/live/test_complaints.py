"""Forklift's plans complain about VDDK: told by a plan, whatever else it changes."""

from __future__ import annotations

from tests.support.live_sites import LiveSite


def test_what_a_plan_says_about_vddk_is_told_until_it_does_not_any_more(applied: LiveSite) -> None:
    ref = {"namespace": applied.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    maps = {"network": {"name": "n", **ref}, "storage": {"name": "s", **ref}}
    body = {"provider": pair, "targetNamespace": "vms", "map": maps, "vms": [{"id": "vm-1"}]}
    applied.create("Plan", "plans", "wave-1", body)
    applied.patch_status("plans", "wave-1", ("VDDKInvalid", "Critical"), ("ValidatingVDDK", "Advisory"))
    shown = applied.run("plan", "--detailed-exitcode")
    assert shown.code == 0
    assert f"provider.{applied.namespace}/prod: plan {applied.namespace}/wave-1 complains" in shown.out
    assert shown.out.count("[plan-complains]") == 1
    applied.patch_status("plans", "wave-1", ("Ready", "Required"))
    assert "complains" not in applied.run("plan").out
