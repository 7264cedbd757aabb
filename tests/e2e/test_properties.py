"""What must hold for every site and every folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vddkctl.apply.execute import Executor
from vddkctl.apply.result import Status
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive
from vddkctl.observe import observe
from vddkctl.places import Places
from vddkctl.plan.codec import decode_plan, encode_plan
from vddkctl.plan.drift import drift_of
from vddkctl.plan.make import make_plan
from vddkctl.plan.model import Plan
from vddkctl.progress import Silent
from vddkctl.site.load import load
from vddkctl.site.source import LoadedSite

PREFIX = "VixDiskLib.nfcAio.Session."
NAMES = [f"{place}-{number}" for place in ("edge", "core", "lab") for number in range(3)]

images = st.sampled_from(["quay.io/a/b:1", "h.io/vddk@sha256:" + "1" * 64, "h.io/vddk:8.0.1", ""])
truths = st.sampled_from(["true", "false", "1", "F", "yes", ""])
configs = st.sampled_from(
    [
        f"{PREFIX}BufSizeIn64KB=64\n{PREFIX}BufCount=4\n",
        f"|\n{PREFIX}BufSizeIn64K=256\n{PREFIX}BufCount=16\n",
        f"other=1\nv{PREFIX[1:]}BufCount = 8",
        "",
        "# nothing\n",
    ]
)
live_settings = st.fixed_dictionaries(
    {},
    optional={
        "sdkEndpoint": st.just("esxi"),
        "vddkInitImage": images,
        "useVddkAioOptimization": truths,
        "vddkConfig": configs,
    },
)
providers = st.dictionaries(st.sampled_from(NAMES), live_settings, max_size=5)

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


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """A folder's objects and how they are written down, and two specs for it, one after the other."""
    live = draw(providers)

    def spec() -> dict[str, Any]:
        names = draw(st.lists(st.sampled_from(sorted(live)), unique=True)) if live else []
        said = {name: draw(entries) for name in names}
        said |= draw(st.dictionaries(st.sampled_from(["edge-*", "*-[01]", "*"]), entries, max_size=2))
        controller = draw(
            st.sampled_from(
                [None, {}, {"vddkImage": None}, {"vddkImage": "vddk-8"}, {"vddkImage": "h.io/x/y:2"}]
            )
        )
        return {"providers": said, **({} if controller is None else {"controller": controller})}

    return {
        "live": live,
        "controller": draw(st.sampled_from([None, "quay.io/old/vddk:7", ""])),
        "flow": draw(st.booleans()),
        "files": draw(st.integers(1, 3)),
        "specs": [spec(), spec()],
    }


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive and a base, shared by all examples: they are only read."""
    root = tmp_path_factory.mktemp("ground")
    make_archive(root / "VMware-vix-disklib-8.0.1-1.x86_64.tar.gz", size=20_000)
    busybox = find_busybox()
    assert busybox
    make_base(root / "base", "b", busybox)
    return root


def write_folder(folder: Path, world: dict[str, Any]) -> None:
    import io

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = world["flow"]
    objects: list[dict[str, Any]] = [
        {
            "apiVersion": "forklift.konveyor.io/v1beta1",
            "kind": "ForkliftController",
            "metadata": {"name": "forklift-controller", "namespace": "openshift-mtv"},
            "spec": {"x": 1} | ({} if world["controller"] is None else {"vddk_image": world["controller"]}),
        }
    ]
    for name, values in world["live"].items():
        objects.append(
            {
                "apiVersion": "forklift.konveyor.io/v1beta1",
                "kind": "Provider",
                "metadata": {"name": name, "namespace": "openshift-mtv"},
                "spec": {"type": "vsphere", "secret": {}, **({"settings": values} if values else {})},
            }
        )
    folder.mkdir(parents=True)
    for number in range(world["files"]):
        text = io.StringIO()
        yaml.dump_all(objects[number :: world["files"]], text)
        (folder / f"f{number}.yaml").write_text(text.getvalue())


def site(ground: Path, spec: dict[str, Any]) -> LoadedSite:
    """JSON is YAML: no other writer is needed."""
    image = {
        "archive": {"path": str(next(ground.glob("*.tar.gz")))},
        "repository": "oci:./images",
        "tag": "8.0.1",
        "base": f"oci:{ground / 'base'}:b",
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
    return load(json.dumps(whole), "site.yaml")


def plan_of(loaded: LoadedSite, places: Places) -> Plan:
    return make_plan(loaded, observe(loaded, places, Silent()))


def apply(plan: Plan, places: Places) -> None:
    result = Executor(places, places.cluster("gitops"), Silent(), "me", lambda: "2026-11-22T00:00:00Z").run(
        plan
    )
    assert {step.status for step in result.steps} <= {Status.DONE}, result


def objects(folder: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML

    def all_of() -> Iterator[tuple[str, Any]]:
        for path in sorted(folder.glob("*.yaml")):
            for document in YAML(typ="safe", pure=True).load_all(path):
                yield document["metadata"]["name"], document

    return dict(all_of())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(world=worlds())
def test_what_is_applied_is_what_was_planned_and_nothing_else(
    world: dict[str, Any], ground: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("site")
    write_folder(folder / "gitops", world)
    places = Places(folder, {"HOME": str(ground), "XDG_CACHE_HOME": str(ground / "cache")})
    for spec in world["specs"]:
        loaded = site(ground, spec)
        before = objects(folder / "gitops")
        plan = plan_of(loaded, places)
        # The same input gives the same bytes, and a plan survives being saved.
        assert encode_plan(plan) == encode_plan(plan_of(loaded, places))
        assert decode_plan(encode_plan(plan), "p") == plan
        assert not drift_of(plan).changed
        apply(plan, places)
        after = objects(folder / "gitops")
        # Applied, then planned: no changes.
        again = plan_of(loaded, places)
        assert again.changes == ()
        # Nothing but the planned fields of the planned objects is different.
        for name, document in before.items():
            changed = {f.path for c in plan.changes if c.address.endswith(f"/{name}") for f in c.fields}
            assert differing(document, after[name]) == changed


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    def flat(document: dict[str, Any]) -> dict[str, Any]:
        spec = dict(document["spec"])
        inner = spec.pop("settings", None) or {}
        return {f"spec.{k}": v for k, v in spec.items()} | {f"spec.settings.{k}": v for k, v in inner.items()}

    assert {**one, "spec": 0} == {**other, "spec": 0}
    a, b = flat(one), flat(other)
    return {key for key in a | b if a.get(key) != b.get(key)}
