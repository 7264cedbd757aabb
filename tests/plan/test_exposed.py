"""Images that anyone could pull, and what a plan says of them."""

from __future__ import annotations

import pytest

from tests.support.worlds import IMAGE, PUSHED, World, controller, digest, provider
from vddkctl.plan.exposed import Exposure, at_stake, pulled, warned
from vddkctl.plan.target import Selection, narrowed

IMAGE_AT_A_REGISTRY = IMAGE.replace("oci:./images/vddk", "h.x/vddk").replace(
    "    clusterRepository: harbor.company.com/migration/vddk\n", ""
)
USED = f"{IMAGE_AT_A_REGISTRY}controller: {{vddkImage: vddk-8}}\n"
STAKE = {"image.vddk-8": "h.x/vddk:8.0.1"}
THERE = {"vddk-8": PUSHED}
OPEN = Exposure("anonymous-pull", "h.x/vddk", "anyone can pull h.x/vddk without a login", "make it private")


@pytest.mark.parametrize(
    ("world", "spec", "expected"),
    [
        pytest.param(World(), USED, STAKE, id="it is pushed"),
        pytest.param(World(pushed=THERE), USED, STAKE, id="a setting comes to name it"),
        pytest.param(
            World(pushed=THERE), f"{USED}policy: {{pin: tag}}\n", STAKE, id="a setting comes to name its tag"
        ),
        pytest.param(
            World((controller(f"h.x/vddk@{digest('9')}"),), (provider("a"),), pushed=THERE),
            f"{USED}providers: {{a: {{aio: true}}}}\n",
            {},
            id="something else changes",
        ),
        pytest.param(
            World((controller(f"h.x/vddk@{digest('9')}"),), pushed=THERE), USED, {}, id="nothing changes"
        ),
    ],
)
def test_a_plan_is_about_what_it_pushes_and_what_it_makes_settings_name(
    world: World, spec: str, expected: dict[str, str]
) -> None:
    assert at_stake(world.plan(spec)) == expected


def test_an_image_that_settings_come_to_name_by_a_tag_elsewhere_is_at_stake() -> None:
    plan = World(pushed=THERE).plan(f"{IMAGE}controller: {{vddkImage: vddk-8}}\npolicy: {{pin: tag}}\n")
    assert set(at_stake(plan)) == {"image.vddk-8"}


def test_a_part_of_a_plan_that_names_an_image_is_about_it_too() -> None:
    plan = narrowed(World(pushed=THERE).plan(USED), Selection(["controller.*"]))
    assert at_stake(plan) == STAKE


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (f"{IMAGE}controller: {{vddkImage: vddk-8}}\n", f"harbor.company.com/migration/vddk@{digest('9')}"),
        (
            f"{IMAGE}controller: {{vddkImage: vddk-8}}\npolicy: {{pin: tag}}\n",
            "harbor.company.com/migration/vddk:8.0.1",
        ),
        (USED, None),
        (f"{USED}policy: {{pin: tag}}\n", None),
    ],
)
def test_a_plan_knows_under_which_other_name_an_image_is_pulled(spec: str, expected: str | None) -> None:
    plan = World().plan(spec)
    assert pulled(plan, plan.images) == ({"image.vddk-8": expected} if expected else {})


@pytest.mark.parametrize(
    ("policy", "rest"),
    [
        ("deny", "VDDK's licence forbids that, and apply will refuse: make it private"),
        ("warn", "VDDK's licence forbids that (policy.publicRegistry is warn)"),
    ],
)
def test_a_person_is_warned(policy: str, rest: str) -> None:
    plan = World().plan(f"{IMAGE_AT_A_REGISTRY}policy: {{publicRegistry: {policy}}}\n")
    (warning,) = warned(plan, {"image.vddk-8": OPEN}).warnings
    assert (warning.code, warning.address) == ("public-registry", "image.vddk-8")
    assert warning.message == f"anyone can pull h.x/vddk without a login; {rest}"
