"""The precedence chain, as it is and as it will be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.worlds import IMAGE, World, controller, digest, live, provider
from vddkctl.errors import PlanError
from vddkctl.plan.explain import Explanation, chosen, explanations
from vddkctl.plan.make import make_plan
from vddkctl.plan.status import provider_states
from vddkctl.report.explain_text import explain_text

NOW = World(
    controllers=(controller("quay.io/old/vddk:7.0.3"),),
    providers=(
        provider("own", {"vddkInitImage": "quay.io/mine/vddk:8"}),
        provider("plain"),
        provider("other", kind="ovirt"),
    ),
    default_image="quay.io/env/vddk:1",
)
SPEC = IMAGE + "controller: {vddkImage: vddk-8}\nproviders: {own: {vddkImage: inherit}}\n"


def explained(world: World, spec: str) -> list[Explanation]:
    loaded = world.loaded(spec)
    observed = world.observed(loaded)
    return list(explanations(loaded, observed, make_plan(loaded, observed)))


def test_every_level_is_shown_with_its_place() -> None:
    assert explain_text(explained(NOW, SPEC), {digest("9"): "8.0.1"}) == (
        """\
provider.openshift-mtv/own uses quay.io/mine/vddk:8
  1  provider     vddkInitImage        quay.io/mine/vddk:8     ◀ wins     providers.yaml:14
  2  controller   vddk_image           quay.io/old/vddk:7.0.3  shadowed   forklift.yaml:8
  3  environment  MTV_VDDK_INIT_IMAGE  quay.io/env/vddk:1      acts only when a provider is created
  after apply: harbor.company.com/migration/vddk@sha256:99999999… (8.0.1)
  1  provider     vddkInitImage        not set                                                                site.yaml:13
  2  controller   vddk_image           harbor.company.com/migration/vddk@sha256:99999999… (8.0.1)  ◀ wins     site.yaml:12
  3  environment  MTV_VDDK_INIT_IMAGE  quay.io/env/vddk:1                                          acts only when a provider is created

provider.openshift-mtv/plain uses quay.io/old/vddk:7.0.3
  1  provider     vddkInitImage        not set
  2  controller   vddk_image           quay.io/old/vddk:7.0.3  ◀ wins     forklift.yaml:8
  3  environment  MTV_VDDK_INIT_IMAGE  quay.io/env/vddk:1      acts only when a provider is created
  after apply: harbor.company.com/migration/vddk@sha256:99999999… (8.0.1)
  1  provider     vddkInitImage        not set
  2  controller   vddk_image           harbor.company.com/migration/vddk@sha256:99999999… (8.0.1)  ◀ wins     site.yaml:12
  3  environment  MTV_VDDK_INIT_IMAGE  quay.io/env/vddk:1                                          acts only when a provider is created
"""
    )


def test_another_forklifts_providers_get_its_image_and_not_ours() -> None:
    spec = IMAGE + "controller: {vddkImage: vddk-8}\n"
    far = live("ForkliftController", "theirs", {"vddk_image": "quay.io/theirs/vddk:6"}, "far")
    world = replace(
        NOW,
        controllers=(*NOW.controllers, far),
        providers=(provider("plain"), live("Provider", "other", {"type": "vsphere"}, "far")),
    )
    found = {each.address: each for each in explained(world, spec)}
    for chain in (found["provider.far/other"].now, found["provider.far/other"].then):
        assert [level.value for level in chain if level.wins] == ["quay.io/theirs/vddk:6"]
    states = provider_states(world.observed(world.loaded(spec)).cluster)
    assert {state.address: state.image for state in states} == {
        "provider.far/other": "quay.io/theirs/vddk:6",
        "provider.openshift-mtv/plain": "quay.io/old/vddk:7.0.3",
    }


def test_a_provider_without_any_image_is_said_so() -> None:
    text = explain_text(explained(World(providers=(provider("p"),)), "providers: {}\n"), {})
    assert text.startswith("provider.openshift-mtv/p uses no VDDK image")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["own", "plain"]),
        (["plain"], ["plain"]),
        (["openshift-mtv/own"], ["own"]),
        (["provider.openshift-mtv/own", "p*"], ["own", "plain"]),
    ],
)
def test_providers_are_chosen_by_name_address_or_glob(words: list[str], names: list[str]) -> None:
    items = chosen(explained(NOW, SPEC), words, "openshift-mtv")
    assert [item.address.rpartition("/")[2] for item in items] == names


def test_a_provider_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PlanError, match="no vSphere provider nobody"):
        chosen(explained(NOW, SPEC), ["nobody"], "openshift-mtv")


def test_what_is_given_back_is_gone_after_the_apply() -> None:
    own = "provider.openshift-mtv/own"
    world = NOW.applied({own: {"spec.settings.vddkInitImage": "quay.io/mine/vddk:8"}})
    (item,) = chosen(explained(world, "providers: {}\n"), ["own"], "openshift-mtv")
    assert item.now[0].value == "quay.io/mine/vddk:8"
    assert [level.value for level in item.then][:2] == [None, "quay.io/old/vddk:7.0.3"]
