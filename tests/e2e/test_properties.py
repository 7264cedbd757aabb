"""What must hold for every site and every folder.

What a plan may touch is worked out here from the spec, by code of its own, and not from the plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import folders
from tests.support.folders import CONTROLLER, HOME
from tests.support.sites import make_site
from vddkctl.apply.execute import Executor
from vddkctl.apply.result import Status
from vddkctl.cli.session import Session
from vddkctl.errors import UsageError
from vddkctl.places import Places
from vddkctl.plan.codec import decode_plan, encode_plan
from vddkctl.plan.drift import drift_of
from vddkctl.plan.model import Plan
from vddkctl.progress import Silent
from vddkctl.site.load import load

IMAGE = "image.vddk-8"
FIELDS = {
    "vddkImage": "spec.settings.vddkInitImage",
    "aio": "spec.settings.useVddkAioOptimization",
    "buffers": "spec.settings.vddkConfig",
}
RULES = ("edge-*", "*-[01]", "*", "core-[!1]", "vms/*", "v*/edge-?")
TARGETS = (f"provider.{HOME}/*", "provider.*", "controller.*", "image.*", "*/edge-*")

Place = tuple[str, str]
"""The address of an object, and the path of a field in it."""

entries = st.fixed_dictionaries(
    {},
    optional={
        "vddkImage": st.sampled_from([None, "inherit", "vddk-8", "quay.io/a/b:1"]),
        "aio": st.sampled_from([None, True, False]),
        "buffers": st.sampled_from(
            [None, "small", "xlarge", {"sizeIn64K": 0, "count": 3}, {"sizeIn64K": 7, "count": 9}]
        ),
    },
)
controllers = st.sampled_from(
    [None, {}, {"vddkImage": None}, {"vddkImage": "vddk-8"}, {"vddkImage": "h.io/x/y:2"}]
)
# Values that no spec asks for: what another hand has set is its own, and not given back.
other_hands = {
    "spec.vddk_image": st.sampled_from([None, "h.io/hand:1"]),
    "spec.settings.vddkInitImage": st.sampled_from([None, "h.io/hand:1"]),
    "spec.settings.useVddkAioOptimization": st.sampled_from([None, "perhaps"]),
    "spec.settings.vddkConfig": st.sampled_from([None, f"{folders.PREFIX}BufCount=31\n", "other=7"]),
}


@st.composite
def specs(draw: st.DrawFn, providers: list[dict[str, Any]]) -> dict[str, Any]:
    """An entry for some of the providers that can have one, and some rules."""
    named = []
    for provider in providers:
        if provider["type"] == "vsphere" and draw(st.booleans()):
            at_home = provider["namespace"] == HOME and draw(st.booleans())
            named.append(provider["name"] if at_home else f"{provider['namespace']}/{provider['name']}")
    rules = draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique=True))
    controller = draw(controllers)
    said = {name: draw(entries) for name in [*named, *rules]}
    return {"providers": said, **({} if controller is None else {"controller": controller})}


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """A folder and how it is written, two specs for it with a target each, and what happens in between."""
    providers = draw(folders.PROVIDERS)
    controller = folders.controller_object(
        draw(st.sampled_from([None, "quay.io/old/vddk:7", ""])), bare=draw(st.booleans())
    )
    objects = [controller, *map(folders.provider_object, providers)]
    first = draw(specs(providers))
    target = st.sampled_from([None, None, None, *TARGETS])
    # Often a hand where the first spec has its own, and a second spec that says less.
    by_address = {folders.address(one): one for one in objects}
    its_own = [place for place, value in named(first, by_address) if value not in (None, "inherit")]
    rest = [(address, path) for address in by_address for path in fields_of(address)]
    hand = draw(st.none() | st.sampled_from(its_own or rest) | st.sampled_from(rest))
    return {
        "objects": objects,
        "layout": draw(folders.layouts()),
        "steps": [(first, draw(target)), (draw(less(first) | specs(providers)), draw(target))],
        "hand": hand,
        "value": draw(other_hands[hand[1]]) if hand else None,
    }


@st.composite
def less(draw: st.DrawFn, spec: dict[str, Any]) -> dict[str, Any]:
    """The same spec without some of it."""
    said = {
        name: {key: value for key, value in entry.items() if draw(st.booleans())}
        for name, entry in spec["providers"].items()
        if draw(st.booleans())
    }
    kept = {key: value for key, value in spec.items() if key == "controller" and draw(st.booleans())}
    return {"providers": said, **kept}


def fields_of(address: str) -> tuple[str, ...]:
    return ("spec.vddk_image",) if address == CONTROLLER else tuple(FIELDS.values())


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive and a base, shared by all examples: they are only read."""
    return make_site(tmp_path_factory.mktemp("ground") / "site").root


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(world=worlds())
def test_what_is_applied_is_what_was_planned_and_nothing_but_what_the_spec_names(
    world: dict[str, Any], ground: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("site")
    gitops = folder / "gitops"
    folders.write_folder(gitops, world["objects"], world["layout"])
    places = Places(folder, {"HOME": str(ground), "XDG_CACHE_HOME": str(ground / "cache")})
    given_before: set[Place] = set()
    for number, (spec, target) in enumerate(world["steps"]):
        if number and world["hand"]:
            folders.edit_setting(gitops, world["hand"], world["value"])
            given_before.discard(world["hand"])
        before, remarks = folders.objects_in(gitops), folders.comments(gitops)
        session = Session(load(site_text(ground, spec), "site.yaml"), places, Silent())
        plan = planned(session, target)
        if plan is None:
            continue
        said, given_back = within(target, dict(named(spec, before)), given_before)
        check_plan(plan, said, given_back, target)
        # The same input gives the same bytes, and a plan survives being saved.
        assert encode_plan(plan) == encode_plan(session.plan([target] if target else None))
        assert decode_plan(encode_plan(plan), "p") == plan
        drifted = {change.address for change in drift_of(plan).changed}
        assert drifted <= ({world["hand"][0]} if number and world["hand"] else set())
        apply(plan, places)
        # Nothing is different in the folder but what was planned, and that is what was allowed.
        changed = set(differences(before, folders.objects_in(gitops)))
        assert changed == touched(plan) - {(IMAGE, "digest")}
        assert changed <= said.keys() | given_back
        assert folders.comments(gitops) == remarks
        again = planned(session, target)
        assert again is None or again.changes == ()
        given_before = (given_before - given_back) | said.keys()


def within(
    target: str | None, said: dict[Place, Any], given_before: set[Place]
) -> tuple[dict[Place, Any], set[Place]]:
    """What a target leaves of it. A provider that loses its own image brings the controller, whose image it gets."""
    back = given_before - said.keys()
    if target is None:
        return said, back
    addresses = {address for address, _ in said.keys() | back if fits(address, target)}
    unset = {place for place, value in said.items() if value is None or value == "inherit"} | back
    if any((address, FIELDS["vddkImage"]) in unset for address in addresses):
        addresses.add(CONTROLLER)
    return {p: value for p, value in said.items() if p[0] in addresses}, {
        p for p in back if p[0] in addresses
    }


def check_plan(plan: Plan, said: Mapping[Place, Any], given_back: set[Place], target: str | None) -> None:
    """It changes what the spec names, gives back what the spec named before, and makes images that are used."""
    allowed = said.keys() | given_back
    if target is None or fits(IMAGE, target) or "vddk-8" in said.values():
        allowed |= {(IMAGE, "digest")}
    assert touched(plan) <= allowed
    for change in plan.changes:
        for field in change.fields:
            if (change.address, field.path) in given_back and field.path != FIELDS["buffers"]:
                assert field.after is None


def touched(plan: Plan) -> set[Place]:
    return {(change.address, field.path) for change in plan.changes for field in change.fields}


def named(spec: dict[str, Any], objects: Mapping[str, dict[str, Any]]) -> Iterator[tuple[Place, Any]]:
    """What a spec speaks of, with what it says: a name wins over rules, and the first rule over later ones."""
    for value in spec.get("controller", {}).values():
        yield (CONTROLLER, "spec.vddk_image"), value
    for address, one in objects.items():
        if one["kind"] == "Provider" and one["spec"]["type"] == "vsphere":
            namespace, _, name = address.removeprefix("provider.").partition("/")
            own = {f"{namespace}/{name}", *([name] if namespace == HOME else [])} & spec["providers"].keys()
            rules = [key for key in spec["providers"] if fits(f"{namespace}/{name}", full(key))]
            for key, value in spec["providers"][[*own, *rules][0]].items() if own or rules else ():
                yield (address, FIELDS[key]), value


def full(key: str) -> str:
    """The key of an entry with its namespace."""
    return key if "/" in key else f"{HOME}/{key}"


def fits(text: str, glob: str) -> bool:
    """Whether a glob matches."""
    if not glob:
        return not text
    if glob[0] == "*":
        return any(fits(text[start:], glob[1:]) for start in range(len(text) + 1))
    if not text:
        return False
    if glob[0] == "[":
        letters, _, rest = glob[1:].partition("]")
        return (text[0] in letters) is not letters.startswith("!") and fits(text[1:], rest)
    return glob[0] in {"?", text[0]} and fits(text[1:], glob[1:])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Place]:
    """Every leaf that is not the same; an empty mapping is none."""
    assert before.keys() == after.keys()
    for address in before:
        one, other = dict(leaves(before[address], "")), dict(leaves(after[address], ""))
        yield from ((address, path) for path in one | other if one.get(path) != other.get(path))


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, f"{path}.{key}".lstrip("."))
    else:
        yield path, value


def planned(session: Session, target: str | None) -> Plan | None:
    """The plan; None where there is nothing of the target to plan for."""
    try:
        return session.plan([target] if target else None)
    except UsageError:
        return None


def apply(plan: Plan, places: Places) -> None:
    result = Executor(places, places.cluster("gitops"), Silent(), "me", lambda: "2026-11-22T00:00:00Z").run(
        plan
    )
    assert {step.status for step in result.steps} <= {Status.DONE}, result


def site_text(ground: Path, spec: dict[str, Any]) -> str:
    """JSON is YAML: no other writer is needed."""
    image = {
        "archive": {"path": str(ground / "eight.tar.gz")},
        "repository": "oci:./images",
        "tag": "8.0.1",
        "base": f"oci:{ground / 'base'}:small",
        "clusterRepository": "h.io/vddk",
    }
    whole = {
        "apiVersion": "vddkctl.dev/v1alpha1",
        "kind": "Site",
        "metadata": {"name": "s"},
        "cluster": {"manifests": "gitops"},
        "images": {"vddk-8": image},
        **spec,
    }
    return json.dumps(whole)
