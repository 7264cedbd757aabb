"""Forklift's plans complain about VDDK: told by a plan, whatever else it changes."""

from __future__ import annotations

from dataclasses import replace

from tests.support.live_sites import SPEC, LiveSite


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


def test_what_plans_of_another_forklift_complain_about_is_not_told(applied: LiveSite) -> None:
    other = replace(applied, namespace=applied.server.namespace("another"))
    kind, plural, name = "ForkliftController", "forkliftcontrollers", "forklift-controller"
    other.create(kind, plural, name, {"feature_ui_plugin": "true"})
    other.provider("prod")
    planned(other)
    other.patch_status("plans", "wave-1", ("VDDKInvalid", "Critical"))
    applied.write(SPEC.replace("small", "large"))
    for words in (("plan",), ("status",), ("apply", "--auto-approve", "--timeout", "1s")):
        assert f"{other.namespace}/wave-1" not in applied.run(*words).out
    vms = replace(applied, namespace=applied.server.namespace("vms"))
    spec = {**other.get("plans", "wave-1")["spec"], "targetNamespace": "x"}
    vms.create("Plan", "plans", "wave-2", spec)
    vms.patch_status("plans", "wave-2", ("VDDKInvalid", "Critical"))
    assert "wave-2" not in applied.run("plan").out, "its provider is of the other one"


def test_what_is_no_part_of_the_run_is_told_once(site: LiveSite) -> None:
    planned(site)
    site.patch_status("plans", "wave-1", ("VDDKInvalid", "Critical"))
    site.write("providers: {plain: {aio: true}}\n")
    ended = site.apply("--timeout", "1s")
    assert (ended.out + ended.err).count(f"{site.namespace}/wave-1 complains") == 1
    site.write("providers: {plain: {aio: true}, prod: {aio: true}}\n")
    ended = site.apply("--timeout", "1s")
    assert ended.out.count(f"{site.namespace}/wave-1 complains") == 2, "still, after its provider has changed"
