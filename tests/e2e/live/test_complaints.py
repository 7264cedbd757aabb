"""Forklift's plans complain about VDDK: told by a plan, whatever else it changes."""

from __future__ import annotations

from tests.support.live_sites import LiveSite


def planned(site: LiveSite) -> None:
    """One of Forklift's plans, from ``prod``."""
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    maps = {"network": {"name": "n", **ref}, "storage": {"name": "s", **ref}}
    body = {"provider": pair, "targetNamespace": "vms", "map": maps, "vms": [{"id": "vm-1"}]}
    site.create("Plan", "plans", "wave-1", body)


def test_what_a_plan_says_about_vddk_is_told_until_it_does_not_any_more(applied: LiveSite) -> None:
    planned(applied)
    applied.patch_status("plans", "wave-1", ("VDDKInvalid", "Critical"), ("ValidatingVDDK", "Advisory"))
    shown = applied.run("plan", "--detailed-exitcode")
    assert shown.code == 0
    assert f"provider.{applied.namespace}/prod: plan {applied.namespace}/wave-1 complains" in shown.out
    assert shown.out.count("[plan-complains]") == 1
    applied.patch_status("plans", "wave-1", ("Ready", "Required"))
    assert "complains" not in applied.run("plan").out


def test_what_plans_complain_about_after_an_apply_is_in_its_result(site: LiveSite) -> None:
    planned(site)
    site.patch_status("plans", "wave-1", ("VDDKInitImageUnavailable", "Critical"))
    ended = site.apply()
    assert ended.code == 0, ended.err
    result = ended.out.partition("Applied:")[2]
    assert f"! provider.{site.namespace}/prod: plan {site.namespace}/wave-1 complains" in result
    site.write("providers: {prod: {aio: false}}\n")
    found = site.apply("--output", "json").data["warnings"]
    assert [each["code"] for each in found if each["address"] == f"provider.{site.namespace}/prod"] == [
        "plan-complains"
    ]
    site.patch_status("plans", "wave-1", ("Ready", "Required"))
    site.write("providers: {prod: {aio: true}}\n")
    assert f"{site.namespace}/wave-1 complains" not in site.apply().out
    site.patch_status("plans", "wave-1", ("VDDKInvalid", "Critical"))
    site.write("providers: {prod: {aio: false}}\n")
    assert "complains" not in site.apply("--no-wait").out.partition("Applied:")[2]
