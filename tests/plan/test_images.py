"""Images: what is built, why, and what a person is told besides."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.worlds import ARCHIVE, BUILT, IMAGE, PUSHED, World, controller, digest, provider
from vddkctl.errors import ArchiveError
from vddkctl.plan.codec import decode_plan, encode_plan
from vddkctl.plan.images import LastBase, last_base
from vddkctl.plan.make import make_plan
from vddkctl.plan.model import FoundImage, Origin, Plan
from vddkctl.plan.observed import ObservedBase, ObservedImage, PushedImage
from vddkctl.plan.record import Record
from vddkctl.vddk.archive import Library

ADDRESS = "image.vddk-8"
COPY = Library("lib64/libvixDiskLib.so", "x86_64", "libvixDiskLib.so.8", 1000)


def told(plan: Plan) -> set[str]:
    return {warning.code for warning in plan.warnings}


@pytest.mark.parametrize(
    ("pushed", "recorded", "action", "reason", "origin"),
    [
        (None, None, "create", "absent", Origin.SPEC),
        (PUSHED, None, None, None, None),
        (PushedImage(digest("1"), "a" * 64, digest("e")), None, "replace", "differs", Origin.SPEC),
        (PushedImage(digest("1"), "0" * 64, digest("e")), None, "replace", "archive-changed", Origin.SPEC),
        (PushedImage(digest("1"), "a" * 64, digest("0")), None, "replace", "base-changed", Origin.SPEC),
        (PushedImage(digest("1")), None, "replace", "tag-moved", Origin.SPEC),
        (None, "9", "create", "absent", Origin.DRIFT),
        (PushedImage(digest("1")), "9", "replace", "tag-moved", Origin.DRIFT),
        (PushedImage(digest("1"), "0" * 64, digest("e")), "1", "replace", "archive-changed", Origin.SPEC),
        (PushedImage(digest("1")), "2", "replace", "tag-moved", Origin.DRIFT),
        (replace(PUSHED, incomplete=True), None, "replace", "incomplete", Origin.SPEC),
        (replace(PUSHED, incomplete=True), "9", "replace", "incomplete", Origin.DRIFT),
    ],
)
def test_an_image_changes_when_its_tag_names_something_else(
    pushed: PushedImage | None, recorded: str | None, action: str | None, reason: str | None, origin: Any
) -> None:
    world = World(pushed={"vddk-8": pushed} if pushed else {})
    if recorded:
        world = world.applied({ADDRESS: {"reference": "oci:./images/vddk:8.0.1", "digest": digest(recorded)}})
    plan = world.plan(IMAGE)
    if action is None:
        assert (plan.changes, plan.unchanged) == ((), (ADDRESS,))
        return
    (change,) = plan.changes
    assert (change.action, change.reason, change.origin) == (action, reason, origin)
    assert change.precondition.digest == (pushed.digest if pushed else None)
    assert change.fields[0].after == digest("9")


def test_what_another_tag_was_made_to_name_says_nothing_of_this_one() -> None:
    world = World().applied({ADDRESS: {"reference": "oci:./images/vddk:8.0.0", "digest": digest("9")}})
    (change,) = world.plan(IMAGE).changes
    assert (change.reason, change.origin) == ("absent", Origin.SPEC)


def test_an_image_carries_all_that_apply_needs() -> None:
    (change,) = World().plan(IMAGE).changes
    assert change.image
    assert change.image.spec == {
        "archive": {"path": "./VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz"},
        "repository": "oci:./images/vddk",
        "tag": "8.0.1",
        "base": "oci:./base:busybox",
        "clusterRepository": "harbor.company.com/migration/vddk",
    }


def test_settings_wait_for_the_image_they_name() -> None:
    plan = World(controllers=(controller("old"),), providers=(provider("a", {"vddkInitImage": "x"}),)).plan(
        IMAGE + "controller: {vddkImage: vddk-8}\nproviders: {a: {vddkImage: inherit}}\n"
    )
    assert [(c.address, c.depends_on) for c in plan.changes] == [
        (ADDRESS, ()),
        ("controller.openshift-mtv/forklift-controller", (ADDRESS,)),
        ("provider.openshift-mtv/a", ("controller.openshift-mtv/forklift-controller",)),
    ]


@pytest.mark.parametrize(
    ("built", "spec", "codes"),
    [
        (BUILT, "", set()),
        (replace(BUILT, archive=replace(ARCHIVE, name_version="8.0.2")), "", {"archive-name-mismatch"}),
        (replace(BUILT, archive=replace(ARCHIVE, name_version="8.0.1.0")), "", set()),
        (replace(BUILT, archive=replace(ARCHIVE, machine="aarch64")), "", {"platform-mismatch"}),
        (replace(BUILT, archive=replace(ARCHIVE, libraries=(COPY,))), "", {"links-are-copies"}),
        (BUILT, "controller: {vddkImage: vddk-8}\n", {"controller-restarts"}),
    ],
)
def test_a_person_is_told(built: Any, spec: str, codes: set[str]) -> None:
    assert told(World(built={"vddk-8": built}).plan(IMAGE + spec)) == codes


@pytest.mark.parametrize(
    ("base", "spec", "code", "message"),
    [
        (
            ObservedBase(digest("e"), floating=True),
            IMAGE,
            "base-floating",
            f"the base oci:./base:busybox is named by tag and may change; pin it: oci:./base:busybox@{digest('e')}",
        ),
        (
            ObservedBase(digest("e"), floating=True),
            f"{IMAGE}    followBase: true\n",
            "base-floating",
            (
                "the base oci:./base:busybox is followed: when that tag moves, so does the image; to pin it instead: "
                f"oci:./base:busybox@{digest('e')}"
            ),
        ),
        (
            ObservedBase(digest("e"), floating=True, newer=digest("f")),
            IMAGE,
            "base-moved",
            (
                f"the base oci:./base:busybox names {digest('f')} by now, and the image stays on {digest('e')}; pin the "
                f"new one (base: oci:./base:busybox@{digest('f')}) or set images.vddk-8.followBase: true"
            ),
        ),
    ],
)
def test_a_person_is_told_of_a_base_that_may_move(
    base: ObservedBase, spec: str, code: str, message: str
) -> None:
    (warning,) = World(bases={"vddk-8": base}).plan(spec).warnings
    assert (warning.code, warning.address, warning.message) == (code, ADDRESS, message)


def test_what_a_tag_that_moves_named_until_then_is_told() -> None:
    pushed = PushedImage(digest("1"), "0" * 64, digest("f"), version="7.0.3", created="2023-01-02T03:04:05Z")
    (change,) = World(pushed={"vddk-8": pushed}).plan(IMAGE).changes
    assert change.found == FoundImage("7.0.3", "0" * 64, digest("f"), "2023-01-02T03:04:05Z")
    (absent,) = World().plan(IMAGE).changes
    (restored,) = World(pushed={"vddk-8": replace(PUSHED, incomplete=True)}).plan(IMAGE).changes
    assert (absent.found, restored.found) == (None, None)


def test_what_was_made_is_remembered_with_its_base() -> None:
    plan = World(bases={"vddk-8": ObservedBase(digest("e"), floating=True)}).plan(IMAGE)
    assert plan.managed[ADDRESS] == {
        "reference": "oci:./images/vddk:8.0.1",
        "digest": digest("9"),
        "base": "oci:./base:busybox",
        "baseDigest": digest("e"),
    }


def test_an_image_that_was_not_looked_at_keeps_what_is_known_of_its_base() -> None:
    known = {
        "reference": "oci:./images/vddk:8.0.1",
        "digest": digest("9"),
        "base": "oci:./base:busybox",
        "baseDigest": digest("d"),
    }
    world = World().applied({ADDRESS: known})
    loaded = world.loaded(IMAGE)
    stood_in = ObservedImage(digest("9"), PUSHED, error=ArchiveError("gone"))
    plan = make_plan(loaded, replace(world.observed(loaded), images={"vddk-8": stood_in}))
    assert plan.managed[ADDRESS] == known


MADE = {"digest": digest("9"), "base": "oci:./base:busybox", "baseDigest": digest("d")}


@pytest.mark.parametrize(
    ("applied", "intended", "now", "expected"),
    [
        (None, None, "9", LastBase()),
        ({"digest": digest("9")}, None, "9", LastBase()),
        (MADE, None, "9", LastBase(known=True, digest=digest("d"))),
        (MADE, None, None, LastBase(known=True, digest=digest("d"))),
        (
            MADE | {"base": f"oci:./base:busybox@{digest('d')}"},
            None,
            "9",
            LastBase(known=True, digest=digest("d")),
        ),
        (MADE | {"base": "oci:./base:other"}, None, "9", LastBase(known=True)),
        (MADE | {"baseDigest": 7}, None, "9", LastBase()),
        (
            MADE,
            MADE | {"digest": digest("8"), "baseDigest": digest("c")},
            "9",
            LastBase(known=True, digest=digest("d")),
        ),
        (
            MADE,
            MADE | {"digest": digest("8"), "baseDigest": digest("c")},
            "8",
            LastBase(known=True, digest=digest("c")),
        ),
        (MADE, {"digest": digest("8")}, "8", LastBase(known=True, digest=digest("d"))),
    ],
)
def test_the_base_that_an_image_was_last_made_on(
    applied: Any, intended: Any, now: str | None, expected: LastBase
) -> None:
    spec = World().loaded(IMAGE).site.images["vddk-8"]
    record = Record("x", {ADDRESS: applied} if applied else {}, {ADDRESS: intended} if intended else {})
    assert last_base(record, "vddk-8", spec, digest(now) if now else None) == expected
    assert last_base(None, "vddk-8", spec, None) == LastBase()


def test_an_image_for_fewer_platforms_does_not_blame_its_base() -> None:
    """An index names an index as its base, and an image an image: that these differ says nothing."""
    both = IMAGE.replace("    tag:", "    platforms: [linux/amd64, linux/arm64]\n    tag:")
    other = replace(PUSHED, digest=digest("1"), base_digest=digest("f"))
    for spec, index, reason in (
        (IMAGE, True, "differs"),
        (IMAGE, False, "base-changed"),
        (both, True, "base-changed"),
        (both, False, "differs"),
    ):
        (change,) = World(pushed={"vddk-8": replace(other, index=index)}).plan(spec).changes
        assert change.reason == reason


def test_a_declared_archive_that_is_not_here_tells_why_an_image_changes() -> None:
    spec = IMAGE.replace(".tar.gz}", f".tar.gz, sha256: {'a' * 64}}}")
    world = World().applied({ADDRESS: {"reference": "oci:./images/vddk:8.0.1", "digest": digest("1")}})
    loaded = world.loaded(spec)
    pushed = PushedImage(digest("1"), "0" * 64)
    images = {"vddk-8": ObservedImage(digest("2"), pushed, error=ArchiveError("gone"))}
    (change,) = make_plan(loaded, replace(world.observed(loaded), images=images)).changes
    assert change.reason == "archive-changed"


def test_a_plan_carries_the_settings_of_the_registries_that_its_images_use() -> None:
    plan = World().plan(
        IMAGE.replace("oci:./base:busybox", "base.x:5000/busybox:1")
        + "registries: {base.x:5000: {tls: plain-http}, h.x: {caFile: ./ca.pem}, harbor.company.com: {caFile: a}}\n"
        "policy: {publicRegistry: allow}\n"
    )
    assert plan.location.registries == {
        "base.x:5000": {"tls": "plain-http"},
        "harbor.company.com": {"caFile": "a"},
    }
    assert plan.public_registry == "allow"
    assert decode_plan(encode_plan(plan), "plan.json") == plan


def test_a_cluster_cannot_pull_from_a_folder() -> None:
    alone = IMAGE.replace("    clusterRepository: harbor.company.com/migration/vddk\n", "")
    assert told(World().plan(alone)) == set()
    assert "layout-not-pullable" in told(World().plan(alone + "controller: {vddkImage: vddk-8}\n"))


@pytest.mark.parametrize(
    ("said", "settings", "codes"),
    [
        ("aio: true, buffers: small", {}, set()),
        ("aio: true, buffers: medium", {}, {"buffers-over-limit"}),
        ("buffers: small", {}, {"buffers-inert"}),
        ("buffers: small", {"useVddkAioOptimization": "true"}, set()),
        ("buffers: {sizeIn64K: 0, count: 0}", {}, set()),
        ("aio: false, buffers: small", {"useVddkAioOptimization": "true"}, {"buffers-inert"}),
        ('vddkImage: "quay.io/a/b:1"', {}, {"not-pinned"}),
        (f'vddkImage: "quay.io/a/b@{digest("1")}"', {}, set()),
    ],
)
def test_a_person_is_told_about_a_provider(said: str, settings: Any, codes: set[str]) -> None:
    assert told(World(providers=(provider("a", settings),)).plan(f"providers: {{a: {{{said}}}}}\n")) == codes


def test_a_rule_without_a_match_is_told() -> None:
    (warning,) = World(providers=(provider("core"),)).plan('providers: {"edge-*": {aio: true}}\n').warnings
    assert (warning.code, warning.address) == ("rule-matches-nothing", "providers.edge-*")


def test_a_rule_whose_providers_are_all_named_exactly_is_not_idle() -> None:
    plan = World(providers=(provider("edge-1"),)).plan(
        "providers: {edge-1: {aio: true}, 'edge-*': {aio: false}}\n"
    )
    assert told(plan) == set()


def test_an_unset_controller_may_keep_its_old_image() -> None:
    plan = World(controllers=(controller("old"),)).plan("controller: {vddkImage: null}\n")
    assert told(plan) == {"controller-restarts", "old-value-may-stay"}
