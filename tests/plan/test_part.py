"""A part of a plan, and a plan as a file."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from scripts.plan_schema import plan_schema
from tests.support.worlds import IMAGE, World, controller, provider
from vddkctl.errors import PlanFileError, UsageError
from vddkctl.plan.codec import decode_plan, decode_record, encode_plan, encode_record, plan_to_json
from vddkctl.plan.model import Plan
from vddkctl.plan.record import Record, Run
from vddkctl.plan.target import Selection, narrowed

SPEC = (
    IMAGE
    + "controller: {vddkImage: vddk-8}\nproviders: {a: {aio: true}, b: {vddkImage: vddk-8}, c: {aio: true}}\n"
)


@pytest.fixture
def plan() -> Plan:
    c = provider("c", {"useVddkAioOptimization": "true"})
    return World(controllers=(controller("old"),), providers=(provider("a"), provider("b"), c)).plan(SPEC)


def names(plan: Plan) -> list[str]:
    return [change.address.rpartition("/")[2] for change in plan.changes] + [
        f"({address.rpartition('/')[2]})" for address in plan.unchanged
    ]


@pytest.mark.parametrize(
    ("targets", "excludes", "left"),
    [
        ([], [], ["image.vddk-8", "forklift-controller", "a", "b", "(c)"]),
        (["provider.*/a"], [], ["a"]),
        (["provider.*/b"], [], ["image.vddk-8", "b"]),
        (["provider.*"], [], ["image.vddk-8", "a", "b", "(c)"]),
        ([], ["image.*"], ["a", "(c)"]),
        ([], ["controller.*", "*/c"], ["image.vddk-8", "a", "b"]),
        (["provider.*"], ["*/b"], ["a", "(c)"]),
    ],
)
def test_a_part_keeps_what_it_needs(
    plan: Plan, targets: list[str], excludes: list[str], left: list[str]
) -> None:
    part = narrowed(plan, Selection(targets, excludes))
    if targets == ["provider.*"] and excludes:
        left = ["image.vddk-8", *left]
    assert names(part) == left
    assert {address.rpartition("/")[2] for address in part.managed} == {n.strip("()") for n in left}


def test_a_glob_without_a_match_is_a_mistake_on_the_command_line(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"--target provider\.x matches no address"):
        narrowed(plan, Selection(["provider.x"]))


def test_what_is_left_out_is_said(plan: Plan) -> None:
    part = narrowed(plan, Selection(excludes=["image.*"]))
    assert [(w.address.rpartition("/")[2], w.message) for w in part.warnings if w.code == "left-out"] == [
        ("forklift-controller", "is left out: it needs image.vddk-8, which is excluded"),
        ("b", "is left out: it needs image.vddk-8, which is excluded"),
    ]


@pytest.mark.parametrize(
    "selection",
    [Selection(excludes=["*"]), Selection(["controller.*"], ["image.*"]), Selection(["*/a"], ["*/a"])],
)
def test_a_selection_of_nothing_is_a_mistake_on_the_command_line(plan: Plan, selection: Selection) -> None:
    with pytest.raises(UsageError, match="--target and --exclude leave nothing to look at"):
        narrowed(plan, selection)


def test_a_reason_of_a_newer_version_is_taken_as_text(plan: Plan) -> None:
    data = plan_to_json(plan)
    data["changes"][0]["reason"] = "licence-expired"
    assert decode_plan(json.dumps(data).encode(), "p").changes[0].reason == "licence-expired"


def test_a_saved_plan_comes_back_whole(plan: Plan) -> None:
    assert decode_plan(encode_plan(plan), "plan.json") == plan


def test_a_plan_fits_its_schema(plan: Plan) -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(encode_plan(plan)), schema)
    assert {"formatVersion", "summary"} <= set(schema["required"])


def test_the_contract_of_the_json(plan: Plan) -> None:
    data = json.loads(encode_plan(plan))
    assert data["formatVersion"] == "1.0"
    assert data["summary"] == {"create": 1, "update": 3, "replace": 0, "release": 0, "unchanged": 1}
    change = data["changes"][1]
    assert {k: change[k] for k in ("address", "action", "reason", "origin", "dependsOn")} == {
        "address": "controller.openshift-mtv/forklift-controller",
        "action": "update",
        "reason": "differs",
        "origin": "spec",
        "dependsOn": ["image.vddk-8"],
    }
    assert change["precondition"]["resourceVersion"] == "version-of-forklift-controller"
    assert set(change["fields"][0]) >= {"path", "before", "after", "owner", "since", "sensitive"}


def changed(plan: Plan, **more: Any) -> bytes:
    return json.dumps({**plan_to_json(plan), **more}).encode()


def test_a_reader_ignores_what_it_does_not_know(plan: Plan) -> None:
    assert decode_plan(changed(plan, formatVersion="1.7", news=1), "p") == decode_plan(
        changed(plan, formatVersion="1.7"), "p"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "plan.json: not a saved plan: "),
        (b"[]", "plan.json: not a saved plan: no formatVersion"),
        (b"\xff\xfe", "plan.json: not a saved plan: "),
        (b'{"formatVersion": "2.0"}', "plan.json: format 2.0 is not known to this version, which reads 1.0"),
        (
            b'{"formatVersion": "1.0"}',
            "plan.json: not a plan that this version can read: Object missing required field `tool`",
        ),
    ],
)
def test_what_is_no_plan_is_said_plainly(content: bytes, message: str) -> None:
    with pytest.raises(PlanFileError) as error:
        decode_plan(content, "plan.json")
    assert str(error.value).startswith(message)


def test_a_record_comes_back_whole() -> None:
    record = Record(
        "frankfurt",
        {"provider.a/b": {"spec.settings.vddkConfig": "a\n", "x": None}},
        {"image.v": {"digest": "sha256:1"}},
        (Run("2026-11-20T10:02:11Z", "me@here", "vddkctl 0.1.0", "sha256:2", {"image.v": "done"}),),
    )
    assert decode_record(encode_record(record), "r") == record
