"""A plan, as people read it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.worlds import ARCHIVE, BUILT, IMAGE, World, controller, digest, provider
from vddkctl.plan.codec import decode_plan, encode_plan
from vddkctl.plan.model import FieldChange, Origin, PlanWarning
from vddkctl.plan.observed import PushedImage
from vddkctl.report.change_text import values
from vddkctl.report.plan_text import plan_text, summary_line, warning_lines
from vddkctl.report.style import PLAIN, Style
from vddkctl.vddk.archive import Published

PREFIX = "VixDiskLib.nfcAio.Session."
BROKEN = f"|\n{PREFIX}BufSizeIn64K=256\n{PREFIX}BufCount=16\n"
SPEC = (
    IMAGE
    + """\
controller: {vddkImage: vddk-8}
providers:
  vsphere-prod: {aio: true, buffers: large}
  vsphere-test: {vddkImage: inherit}
"""
)


def test_the_first_line_names_each_registry_once() -> None:
    plan = World(built={"a": BUILT, "b": BUILT, "c": BUILT}).plan(
        """\
images:
  a: {archive: {path: a}, repository: h.x/a, tag: a}
  b: {archive: {path: a}, repository: "g.x:5000/b", tag: b}
  c: {archive: {path: a}, repository: h.x/c, tag: c}
"""
    )
    assert plan_text(plan).splitlines()[0] == "frankfurt: ./gitops, namespace openshift-mtv, h.x, g.x:5000"


def test_an_image_that_takes_anothers_tag_says_whose() -> None:
    pushed = PushedImage(digest("1"), "0" * 64, version="7.0.3", created="2023-01-02T03:04:05Z")
    text = plan_text(World(pushed={"vddk-8": pushed}).plan(IMAGE))
    assert (
        "      digest    sha256:11111111… → sha256:99999999…\n      was       VDDK 7.0.3, archive sha256:00000000…\n"
        in text
    )


def test_only_what_changes_and_why() -> None:
    published = Published("8.0.1", "b" * 32, "Broadcom developer portal")
    world = World(
        controllers=(controller("quay.io/old/vddk:7.0.3"),),
        providers=(
            provider("vsphere-prod", {"vddkConfig": BROKEN, "useVddkAioOptimization": "true"}),
            provider("vsphere-test", {"vddkInitImage": "quay.io/old/vddk:test"}),
            provider("vsphere-other"),
        ),
        built={"vddk-8": replace(BUILT, archive=replace(ARCHIVE, published=published))},
    )
    assert plan_text(world.plan(SPEC)) == (
        """\
frankfurt: ./gitops, namespace openshift-mtv

  + image.vddk-8                                    absent
      oci:./images/vddk:8.0.1
      archive   VDDK 8.0.1, x86_64, 22.9 MB, matches the vendor's published checksum
      layer     sha256:aaaaaaaa…   the archive itself, nothing repacked
      digest    sha256:99999999…
  ~ controller.openshift-mtv/forklift-controller    differs
      vddk_image   quay.io/old/vddk:7.0.3 → harbor.company.com/migration/vddk@sha256:99999999… (8.0.1)
                   set at forklift.yaml:8
  ~ provider.openshift-mtv/vsphere-prod             broken-buffer-key
      vddkConfig   - |
                   BufSizeIn64K=256 → BufSizeIn64KB=256
                   the library ignores BufSizeIn64K
                   set at providers.yaml:14
  - provider.openshift-mtv/vsphere-test             declared-unset
      vddkInitImage   quay.io/old/vddk:test → (not set)
                      set at providers.yaml:14

  ! controller.openshift-mtv/forklift-controller: the change restarts forklift-controller [controller-restarts]
  ! provider.openshift-mtv/vsphere-prod: buffers of 256 × 64 KiB × 16 = 256 MiB a session; VDDK 7.0.3's notes say that opening a disk fails over 16 MiB [buffers-over-limit]

Plan: 1 to create, 2 to update, 1 to release; 0 unchanged.
"""
    )


def test_a_tag_that_was_moved_is_said_so() -> None:
    world = World(pushed={"vddk-8": PushedImage(digest("1"))}).applied(
        {"image.vddk-8": {"reference": "oci:./images/vddk:8.0.1", "digest": digest("9")}}
    )
    assert plan_text(world.plan(IMAGE)).splitlines()[2:8] == [
        "  ± image.vddk-8                                    tag-moved",
        "      oci:./images/vddk:8.0.1",
        "      archive   VDDK 8.0.1, x86_64, 22.9 MB",
        "      layer     sha256:aaaaaaaa…   the archive itself, nothing repacked",
        "      digest    sha256:11111111… → sha256:99999999…",
        "                the tag was moved by someone else since the last apply",
    ]


def test_nothing_to_do_is_one_line() -> None:
    world = World(providers=(provider("a", {"useVddkAioOptimization": "true"}),))
    assert plan_text(world.plan("providers: {a: {aio: true}}\n")) == (
        "frankfurt: ./gitops, namespace openshift-mtv\n\nNo changes: 1 address is as declared.\n"
    )


def test_the_summary_counts_replacements_when_there_are_some() -> None:
    plan = World(pushed={"vddk-8": PushedImage(digest("1"))}).plan(IMAGE)
    assert summary_line(plan) == "Plan: 0 to create, 0 to update, 1 to replace, 0 to release; 0 unchanged."


def test_the_same_warning_for_many_is_one_line() -> None:
    warnings = tuple(PlanWarning("buffers-inert", f"provider.n/{i}", "no effect") for i in range(1000))
    assert list(warning_lines(warnings, PLAIN)) == [
        "  ! provider.n/0, provider.n/1, provider.n/2 and 997 more: no effect [buffers-inert]"
    ]


CONFIG = "spec.settings.vddkConfig"
IMAGE_FIELD = "spec.vddk_image"


@pytest.mark.parametrize(
    ("path", "before", "after", "lines"),
    [
        (CONFIG, None, f"{PREFIX}BufCount=4\n", ["+ BufCount=4"]),
        (CONFIG, f"a=1\n{PREFIX}BufCount=4\n", f"a=1\n{PREFIX}BufCount=8\n", ["BufCount=4 → BufCount=8"]),
        (CONFIG, f"{PREFIX}BufCount=4\n", None, ["- BufCount=4"]),
        (
            CONFIG,
            f"{PREFIX}BufCount=4\n{PREFIX}BufCount=4\n",
            f"{PREFIX}BufCount=4\n",
            ["(repeated and stray lines are removed)"],
        ),
        (IMAGE_FIELD, "", "h.io/v:1", ['"" → h.io/v:1']),
        (IMAGE_FIELD, True, None, ["true (not a text) → (not set)"]),
        (IMAGE_FIELD, None, f"h.io/v@{digest('9')}", ["(not set) → h.io/v@sha256:99999999… (8)"]),
    ],
)
def test_a_field_goes_from_one_value_to_another(
    path: str, before: object, after: object, lines: list[str]
) -> None:
    field = FieldChange(path, before, after, origin=Origin.SPEC)
    assert values(field, before, after, {digest("9"): "8"}) == lines


def test_a_sensitive_value_is_never_shown() -> None:
    field = FieldChange("data.password", "old", "new", sensitive=True)
    assert values(field, "old", "new", {}) == ["(sensitive, changed)"]


def test_colour_is_paint_and_nothing_else() -> None:
    import re

    plan = World(providers=(provider("a"),)).plan("providers: {a: {aio: true}}\n")
    coloured = plan_text(plan, Style(coloured=True))
    assert "\x1b[33m~\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plan_text(plan)


def test_a_saved_plan_reads_as_it_did_before() -> None:
    world = World(providers=(provider("a", {"vddkConfig": BROKEN, "useVddkAioOptimization": "true"}),))
    plan = world.plan("providers: {a: {buffers: large}}\n")
    assert plan_text(decode_plan(encode_plan(plan), "p")) == plan_text(plan)
