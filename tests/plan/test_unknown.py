"""Digests that are only known once an engine has built the image."""

from __future__ import annotations

from vddkctl.plan.model import (
    Action,
    Change,
    DeclaredImage,
    FieldChange,
    Location,
    Origin,
    Plan,
    Precondition,
)
from vddkctl.plan.unknown import is_unknown, settled, unknown_digest

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"


def plan() -> Plan:
    one, two = unknown_digest("image.one"), unknown_digest("image.two")
    field = FieldChange("spec.vddk_image", None, f"r.example/vddk@{one}")
    change = Change(
        "controller.n/c", Action.UPDATE, "differs", Origin.SPEC, (field,), Precondition(), ("image.one",)
    )
    images = {
        "image.one": DeclaredImage("r.example/vddk:1", "1", one, f"r.example/vddk@{one}"),
        "image.two": DeclaredImage("r.example/vddk:2", "2", two, f"r.example/vddk@{two}"),
    }
    managed = {"controller.n/c": {"spec.vddk_image": f"r.example/vddk@{one}"}, "image.two": {"digest": two}}
    return Plan("t", "s", OTHER, Location("/", "n"), (change,), (), (), images, managed)


def test_only_what_is_known_is_settled() -> None:
    known = settled(plan(), {"image.one": DIGEST})
    assert known.changes[0].fields[0].after == f"r.example/vddk@{DIGEST}"
    assert known.images["image.one"].digest == DIGEST
    assert known.images["image.one"].pulled == f"r.example/vddk@{DIGEST}"
    assert known.managed["controller.n/c"] == {"spec.vddk_image": f"r.example/vddk@{DIGEST}"}
    assert is_unknown(known.images["image.two"].digest)
    assert is_unknown(known.managed["image.two"]["digest"])


def test_a_plan_without_unknown_digests_stays_what_it_is() -> None:
    assert not is_unknown(DIGEST)
    assert not is_unknown(None)
    whole = plan()
    assert settled(whole, {}) is whole
