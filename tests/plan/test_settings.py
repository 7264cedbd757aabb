"""Settings: which fields change, why, and where the difference comes from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.worlds import IMAGE, PUSHED, World, controller, digest, live, provider
from vddkctl.plan.make import make_plan
from vddkctl.plan.model import Action, Change, Origin, Plan, Reason
from vddkctl.site.diagnostic import SpecError

PINNED = f"harbor.company.com/migration/vddk@{digest('9')}"
PREFIX = "VixDiskLib.nfcAio.Session."
LARGE = f"{PREFIX}BufSizeIn64KB=256\n{PREFIX}BufCount=16\n"
BROKEN = f"|\n{PREFIX}BufSizeIn64K=256\n{PREFIX}BufCount=16\n"
OWN = "provider.openshift-mtv/vsphere-prod"


def world(*providers: Any, **more: Any) -> World:
    return World(providers=providers, pushed={"vddk-8": PUSHED}, **more)


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def fields(change: Change) -> dict[str, tuple[Any, Any]]:
    return {field.path.rpartition(".")[2]: (field.before, field.after) for field in change.fields}


PROD = "providers: {vsphere-prod: {%s}}\n"


@pytest.mark.parametrize(
    ("said", "settings", "changed", "action", "reason"),
    [
        ("aio: true", {}, {"useVddkAioOptimization": (None, "true")}, "update", "absent"),
        ("aio: true", {"useVddkAioOptimization": "1"}, {}, "", ""),
        (
            "aio: true",
            {"useVddkAioOptimization": "yes"},
            {"useVddkAioOptimization": ("yes", "true")},
            "update",
            "differs",
        ),
        ("aio: false", {"useVddkAioOptimization": "F"}, {}, "", ""),
        (
            "aio: true",
            {"useVddkAioOptimization": True},
            {"useVddkAioOptimization": (True, "true")},
            "update",
            "differs",
        ),
        (
            "aio: null",
            {"useVddkAioOptimization": "true"},
            {"useVddkAioOptimization": ("true", None)},
            "release",
            "declared-unset",
        ),
        ("aio: null", {"useVddkAioOptimization": ""}, {}, "", ""),
        ("vddkImage: vddk-8", {"vddkInitImage": PINNED}, {}, "", ""),
        ("vddkImage: vddk-8", {}, {"vddkInitImage": (None, PINNED)}, "update", "absent"),
        (
            "vddkImage: vddk-8",
            {"vddkInitImage": "harbor.company.com/migration/vddk:8.0.1"},
            {"vddkInitImage": ("harbor.company.com/migration/vddk:8.0.1", PINNED)},
            "update",
            "not-pinned",
        ),
        (
            "vddkImage: vddk-8",
            {"vddkInitImage": "harbor.company.com/migration/vddk-old:8.0.1"},
            {"vddkInitImage": ("harbor.company.com/migration/vddk-old:8.0.1", PINNED)},
            "update",
            "differs",
        ),
        ('vddkImage: "quay.io/a/b:1"', {"vddkInitImage": "quay.io/a/b:1"}, {}, "", ""),
        (
            "vddkImage: inherit",
            {"vddkInitImage": "x"},
            {"vddkInitImage": ("x", None)},
            "release",
            "declared-unset",
        ),
        (
            "vddkImage: null",
            {"vddkInitImage": "x"},
            {"vddkInitImage": ("x", None)},
            "release",
            "declared-unset",
        ),
        ("buffers: large", {}, {"vddkConfig": (None, LARGE)}, "update", "absent"),
        ("buffers: large", {"vddkConfig": LARGE}, {}, "", ""),
        ("buffers: {sizeIn64K: 256, count: 16}", {"vddkConfig": LARGE}, {}, "", ""),
        (
            "buffers: large",
            {"vddkConfig": f"a=b\nv{PREFIX[1:]}BufCount = 16\nv{PREFIX[1:]}BufSizeIn64KB=256"},
            {},
            "",
            "",
        ),
        (
            "buffers: large",
            {"vddkConfig": BROKEN},
            {"vddkConfig": (BROKEN, LARGE)},
            "update",
            "broken-buffer-key",
        ),
        (
            "buffers: large",
            {"vddkConfig": LARGE + f"{PREFIX}BufCount=16\n"},
            {"vddkConfig": (LARGE + f"{PREFIX}BufCount=16\n", LARGE)},
            "update",
            "differs",
        ),
        ("buffers: null", {"vddkConfig": LARGE}, {"vddkConfig": (LARGE, None)}, "release", "declared-unset"),
        (
            "buffers: null",
            {"vddkConfig": f"a=b\n{LARGE}"},
            {"vddkConfig": (f"a=b\n{LARGE}", "a=b\n")},
            "release",
            "declared-unset",
        ),
        ("buffers: null", {"vddkConfig": "a=b\n"}, {}, "", ""),
    ],
)
def test_a_field_changes_only_when_its_meaning_does(
    said: str, settings: dict[str, Any], changed: dict[str, Any], action: str, reason: str
) -> None:
    plan = world(provider("vsphere-prod", settings)).plan(IMAGE + PROD % said)
    found = {(c.address, c.action.value, str(c.reason)) for c in plan.changes}
    assert found == ({(OWN, action, reason)} if changed else set())
    if changed:
        assert fields(only(plan)) == changed


def test_what_the_spec_does_not_name_is_not_touched() -> None:
    plan = world(
        provider("vsphere-prod", {"useVddkAioOptimization": "no", "vddkInitImage": "x"}), provider("other")
    ).plan(IMAGE + PROD % "buffers: large")
    assert fields(only(plan)).keys() == {"vddkConfig"}


@pytest.mark.parametrize(
    ("said", "now", "change"),
    [
        ("vddkImage: vddk-8", None, (None, PINNED, "update", "absent")),
        (
            "vddkImage: vddk-8",
            "quay.io/old/vddk:7.0.3",
            ("quay.io/old/vddk:7.0.3", PINNED, "update", "differs"),
        ),
        ("vddkImage: vddk-8", PINNED, None),
        ("vddkImage: null", PINNED, (PINNED, None, "release", "declared-unset")),
        ("vddkImage: null", "", None),
    ],
)
def test_the_controller_has_one_image(said: str, now: str | None, change: Any) -> None:
    plan = world(controllers=(controller(now),)).plan(f"{IMAGE}controller: {{{said}}}\n")
    got = [(f.before, f.after, c.action.value, str(c.reason)) for c in plan.changes for f in c.fields]
    assert got == ([change] if change else [])


@pytest.mark.parametrize(
    ("pin", "written"), [("digest", PINNED), ("tag", "harbor.company.com/migration/vddk:8.0.1")]
)
def test_the_policy_says_what_is_written(pin: str, written: str) -> None:
    plan = world().plan(f"{IMAGE}controller: {{vddkImage: vddk-8}}\npolicy: {{pin: {pin}}}\n")
    assert only(plan).fields[0].after == written


@pytest.mark.parametrize(
    ("rules", "chosen"),
    [
        ('"edge-*": {aio: true}', {"edge-1", "edge-2"}),
        ('"edge-*": {aio: true}, edge-2: {vddkImage: inherit}', {"edge-1"}),
        ('"edge-1": {buffers: small}, "*": {aio: true}', {"edge-1", "edge-2", "core"}),
        ('"edge-[13]": {aio: true}', {"edge-1"}),
        ('"*/edge-?": {aio: true}', {"edge-1", "edge-2", "edge-9"}),
        ('"far/*": {aio: true}', {"edge-9"}),
        ("far/edge-9: {aio: true}", {"edge-9"}),
    ],
)
def test_rules_match_vsphere_providers_and_exact_names_win(rules: str, chosen: set[str]) -> None:
    plan = world(
        provider("edge-1"),
        provider("edge-2"),
        provider("core"),
        provider("edge-3", kind="ovirt"),
        live("Provider", "edge-9", {"type": "vsphere"}, "far"),
    ).plan(f"providers: {{{rules}}}\n")
    assert {change.address.rpartition("/")[2] for change in plan.changes} == chosen


def test_the_rule_written_first_wins() -> None:
    plan = world(provider("edge-1")).plan('providers: {"edge-*": {buffers: small}, "*": {buffers: large}}\n')
    assert "BufSizeIn64KB=64\n" in only(plan).fields[0].after


@pytest.mark.parametrize(
    ("providers", "spec", "message"),
    [
        (
            ["vsphere-test"],
            "providers: {vsphere-tset: {aio: true}}",
            'site.yaml:5:13: no Provider vsphere-tset in ./gitops, namespace openshift-mtv; did you mean "vsphere-test"?',
        ),
        ([], "providers: {far/x: {aio: true}}", "site.yaml:5:13: no Provider x in ./gitops, namespace far"),
    ],
)
def test_a_provider_that_is_not_there_is_a_mistake(providers: list[str], spec: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        world(*map(provider, providers)).plan(spec + "\n")
    assert str(error.value).splitlines()[0] == message


def test_a_provider_of_another_type_is_a_mistake() -> None:
    with pytest.raises(SpecError, match="provider vsphere-prod is of type ovirt; VDDK is for vsphere"):
        world(provider("vsphere-prod", kind="ovirt")).plan(PROD % "aio: true")


@pytest.mark.parametrize(
    ("controllers", "message"),
    [
        ((), "no ForkliftController in ./gitops, namespace openshift-mtv"),
        (
            (live("ForkliftController", "f", {}, "konveyor-forklift"),),
            "no ForkliftController in ./gitops, namespace openshift-mtv; found in: konveyor-forklift",
        ),
        (
            (controller(), live("ForkliftController", "second", {})),
            "2 ForkliftControllers in ./gitops, namespace openshift-mtv: forklift-controller",
        ),
    ],
)
def test_exactly_one_controller_is_expected(controllers: Any, message: str) -> None:
    with pytest.raises(SpecError) as error:
        world(controllers=controllers).plan("controller: {vddkImage: null}\n")
    assert message in str(error.value)


AIO = "spec.settings.useVddkAioOptimization"


@pytest.mark.parametrize(
    ("recorded", "now", "said", "origin"),
    [
        (None, None, "true", Origin.SPEC),  # never applied
        ("true", "false", "true", Origin.DRIFT),  # someone changed it back
        ("true", None, "true", Origin.DRIFT),  # someone removed it
        ("true", "true", "false", Origin.SPEC),  # the spec changed
        ("true", None, "false", Origin.BOTH),  # someone removed it, and the spec changed
    ],
)
def test_the_record_tells_drift_from_pending(
    recorded: str | None, now: str | None, said: str, origin: Origin
) -> None:
    settings = {} if now is None else {"useVddkAioOptimization": now}
    there = world(provider("vsphere-prod", settings))
    if recorded:
        there = there.applied({OWN: {AIO: recorded}})
    change = only(there.plan(PROD % f"aio: {said}"))
    assert change.fields[0].origin is origin
    assert change.origin is (Origin.SPEC if origin is Origin.SPEC else Origin.DRIFT)


def test_what_a_killed_run_had_written_is_not_drift() -> None:
    there = world(provider("vsphere-prod", {"useVddkAioOptimization": "false"})).applied(
        {OWN: {AIO: "true"}}, intended={OWN: {AIO: "false"}}
    )
    assert only(there.plan(PROD % "aio: null")).origin is Origin.SPEC


def test_what_a_killed_run_had_written_is_given_back_too() -> None:
    there = world(provider("vsphere-prod", {"useVddkAioOptimization": "true"})).applied(
        intended={OWN: {AIO: "true"}}
    )
    assert only(there.plan("providers: {}\n")).reason is Reason.NO_LONGER_DECLARED


def test_what_is_no_longer_declared_is_given_back() -> None:
    there = world(provider("vsphere-prod", {"useVddkAioOptimization": "true", "vddkInitImage": "x"})).applied(
        {OWN: {AIO: "true", "spec.settings.vddkInitImage": "x"}}
    )
    change = only(there.plan(PROD % "aio: true"))
    assert fields(change) == {"vddkInitImage": ("x", None)}
    assert (change.action, change.reason) == (Action.RELEASE, Reason.NO_LONGER_DECLARED)
    whole = only(there.plan("providers: {}\n"))
    assert set(fields(whole)) == {"vddkInitImage", "useVddkAioOptimization"}


def test_what_someone_else_has_since_changed_is_theirs_and_stays() -> None:
    there = world(provider("vsphere-prod", {"useVddkAioOptimization": "false"})).applied({OWN: {AIO: "true"}})
    plan = there.plan("providers: {}\n")
    assert plan.changes == ()
    assert plan.disowned == (OWN,)


def test_releasing_buffers_keeps_the_other_lines() -> None:
    there = world(provider("vsphere-prod", {"vddkConfig": f"a=b\n{LARGE}"})).applied(
        {OWN: {"spec.settings.vddkConfig": LARGE}}
    )
    assert only(there.plan("providers: {}\n")).fields[0].after == "a=b\n"


def test_one_provider_under_two_names_is_a_mistake() -> None:
    spec = "providers:\n  vsphere-prod: {aio: true}\n  openshift-mtv/vsphere-prod: {aio: false}\n"
    with pytest.raises(SpecError) as error:
        world(provider("vsphere-prod")).plan(spec)
    assert str(error.value).splitlines()[0] == (
        'site.yaml:7:3: "openshift-mtv/vsphere-prod" and "vsphere-prod" (at 6:3) are one provider; keep one of them'
    )


def test_a_run_that_failed_and_was_taken_back_leaves_nothing_behind() -> None:
    there = world(provider("vsphere-prod")).applied(intended={OWN: {AIO: "true"}})
    assert there.plan("providers: {}\n").disowned == (OWN,)


def test_a_mistake_of_what_is_left_out_does_not_stop_the_rest() -> None:
    there = world(provider("vsphere-prod"))
    loaded = there.loaded("providers: {gone: {aio: true}, vsphere-prod: {aio: true}}\n")
    with pytest.raises(SpecError):
        make_plan(loaded, there.observed(loaded))
    plan = make_plan(loaded, there.observed(loaded), concerns=lambda address: not address.endswith("/gone"))
    assert only(plan).address == OWN
