"""What is set already, as a spec: planning it changes nothing, whatever is set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Vddkctl
from tests.support import folders
from tests.support.folders import HOME
from vddkctl.cluster.base import Wanted
from vddkctl.cluster.folder import ManifestFolder
from vddkctl.plan.importing import imported
from vddkctl.plan.make import make_plan
from vddkctl.plan.observed import ClusterState, Observed
from vddkctl.site.load import load

PREFIX = folders.PREFIX
PINNED = "h.io/vddk@sha256:" + "1" * 64

images = folders.IMAGES | st.sampled_from(
    [
        "vddk:8",
        "h.io/vddk",
        "oci:./a:b",
        "u:p@h.io/vddk:8",
        "inherit",
        "a\nb",
        7,
        {"x": "y"},
        "https://h.io/v:1",
    ]
)
configs = folders.CONFIGS | st.builds(
    lambda pairs, end: "\n".join(f"{PREFIX}{key}={value}" for key, value in pairs) + end,
    st.lists(
        st.tuples(
            st.sampled_from(["BufSizeIn64KB", "BufCount", "BufSizeIn64K", "Other"]),
            st.sampled_from(["0", "4", "16", "64", "256", "70000", "2000", "x", "9999999999", "# a: b"]),
        ),
        max_size=4,
    ),
    st.sampled_from(["", "\n"]),
)
live_settings = st.fixed_dictionaries(
    {},
    optional={
        "sdkEndpoint": st.just("esxi"),
        "vddkInitImage": images,
        "useVddkAioOptimization": st.sampled_from(["true", "F", "yes", "", True, 1, "tr\nue: x"]),
        "vddkConfig": configs | st.just(5),
    },
)
providers = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["prod", "edge-1", "1e3", "on", "Upper", "a*", "x.y", "null", "a\nb: c"]),
            "namespace": st.sampled_from([HOME, HOME, "vms"]),
            "bare": st.booleans(),
            "type": st.sampled_from(["vsphere", "vsphere", "vsphere", "ovirt"]),
            "settings": live_settings,
        }
    ),
    max_size=6,
    unique_by=lambda provider: (provider["namespace"], provider["name"]),
)
controllers = st.lists(
    st.tuples(images | st.none(), st.booleans(), st.sampled_from(["forklift-controller", "other"])),
    max_size=2,
    unique_by=lambda one: one[2],
)


def two(state: ClusterState) -> dict[str, str]:
    """Of two controllers in one namespace none can be declared; the command finds that out by trying."""
    here = [live.key.address for live in state.controllers if live.key.namespace == state.namespace]
    return dict.fromkeys(here, "there are two") if len(here) > 1 else {}


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_folder_imported_plans_no_change(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    objects = [folders.provider_object(one) for one in data.draw(providers)]
    for image, bare, name in data.draw(controllers):
        made = folders.controller_object(image, bare=bare)
        made["metadata"]["name"] = name
        objects.append(made)
    root = tmp_path_factory.mktemp("any")
    folders.write_folder(root / "gitops", objects, data.draw(folders.layouts()))
    state = ManifestFolder(root / "gitops", "./gitops").observe(Wanted())
    text = imported(state, "any", {"manifests": "./gitops", "namespace": state.namespace}, two(state)).text
    loaded = load(text, "site.yaml")
    plan = make_plan(loaded, Observed(state, {}))
    assert plan.changes == ()
    assert "not-pinned" not in {warning.code for warning in plan.warnings}
    for one in objects:
        name, namespace = one["metadata"]["name"], one["metadata"].get("namespace", HOME)
        said = one["spec"].get("settings", {})
        if one["spec"].get("type") != "vsphere" or name in ("Upper", "a*", "a\nb: c"):
            continue
        declared = loaded.site.providers.get(name if namespace == HOME else f"{namespace}/{name}")
        if said.get("vddkInitImage") == PINNED:
            assert declared
            assert declared.vddk_image == PINNED
        if said.get("useVddkAioOptimization") == "F":
            assert declared
            assert declared.aio is False
    assert "u:p@" not in text


MANIFESTS = [
    folders.controller_object("quay.io/old/vddk:7.0.3", bare=False),
    *(
        folders.provider_object(
            {"name": name, "namespace": namespace, "bare": False, "type": "vsphere", "settings": said}
        )
        for name, namespace, said in (
            (
                "prod",
                HOME,
                {
                    "useVddkAioOptimization": "1",
                    "vddkConfig": f"{PREFIX}BufSizeIn64KB=64\n{PREFIX}BufCount=4\n",
                },
            ),
            ("odd", HOME, {"vddkConfig": f"{PREFIX}BufSizeIn64KB=7\n{PREFIX}BufCount=9\n"}),
            (
                "broken",
                HOME,
                {
                    "vddkInitImage": PINNED,
                    "vddkConfig": f"|\n{PREFIX}BufSizeIn64K=256\n{PREFIX}BufCount=16\n",
                },
            ),
            ("short", HOME, {"vddkInitImage": "vddk:8"}),
            ("plain", HOME, {}),
            ("far", "vms", {"vddkInitImage": PINNED}),
        )
    ),
]


@pytest.fixture
def gitops(tmp_path: Path) -> Path:
    folder = tmp_path / "sites" / "gitops"
    folders.write_folder(folder, MANIFESTS, folders.Layout(("block",), (False,), anchors=False))
    return folder


def test_a_folder_becomes_a_spec_that_plans_nothing(vddkctl: Vddkctl, gitops: Path, tmp_path: Path) -> None:
    done = vddkctl("import", "--manifests", "sites/gitops", "-o", "sites/site.yaml")
    assert (done.code, done.out) == (0, ""), done.err
    assert "Next: vddkctl plan -f sites/site.yaml" in done.err
    text = (tmp_path / "sites" / "site.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=./site.schema.json\n")
    spec = load(text, "site.yaml").site
    assert spec.cluster.manifests == "./gitops"
    assert spec.controller.vddk_image == "quay.io/old/vddk:7.0.3"
    assert spec.policy.pin == "tag"
    assert list(spec.providers) == ["broken", "odd", "prod", "vms/far"]
    assert (spec.providers["prod"].aio, spec.providers["prod"].buffers) == (True, "small")
    assert not spec.providers["broken"].manages("buffers")
    mend = "vddkConfig is broken (the library ignores BufSizeIn64K); to mend it, declare buffers: large"
    assert f"    # {mend}\n" in text
    assert f"Left out: provider.{HOME}/broken: {mend}\n" in done.err
    assert '  # short: nothing is managed\n    # the image "vddk:8" is no full reference\n' in text
    assert "  # plain: nothing is managed\n" in text
    planned = vddkctl("plan", "-f", "sites/site.yaml", "--detailed-exitcode")
    assert planned.code == 0, planned.out + planned.err
    assert vddkctl("validate", "-f", "sites/site.yaml").code == 0


def test_standard_output_is_the_default_and_nothing_is_written(
    vddkctl: Vddkctl, gitops: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = vddkctl("import", "--manifests", "sites/gitops", "--name", "frankfurt")
    assert done.code == 0
    assert "  name: frankfurt\n" in done.out
    assert '  manifests: "./sites/gitops"\n' in done.out
    assert sorted(tmp_path.rglob("*")) == before
    assert vddkctl("plan", "-f", "-", "--detailed-exitcode", input=done.out).code == 0


def test_a_file_is_overwritten_with_force_alone(vddkctl: Vddkctl, gitops: Path, tmp_path: Path) -> None:
    target = tmp_path / "site.yaml"
    target.write_text("mine\n")
    refused = vddkctl("import", "--manifests", "sites/gitops", "-o", "site.yaml")
    assert (refused.code, refused.out, target.read_text()) == (1, "", "mine\n")
    assert "there is a file already" in refused.err
    forced = vddkctl("import", "--manifests", "sites/gitops", "-o", "site.yaml", "--force")
    assert (forced.code, forced.out) == (0, "")
    assert vddkctl("plan", "--detailed-exitcode").code == 0


def test_what_was_applied_is_told_where_it_gets_in_the_way(
    vddkctl: Vddkctl, gitops: Path, tmp_path: Path
) -> None:
    assert vddkctl("import", "--manifests", "sites/gitops", "-o", "site.yaml", "--name", "one").code == 0
    (tmp_path / "site.yaml").write_text(
        (tmp_path / "site.yaml").read_text().replace("buffers: small", "buffers: large")
    )
    assert vddkctl("apply", "--auto-approve").code == 0
    again = vddkctl("import", "--manifests", "sites/gitops", "--name", "one")
    assert again.code == 0
    assert "Something was applied already of a site one" in again.err
    assert vddkctl("plan", "-f", "-", "--detailed-exitcode", input=again.out).code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--manifests", "nowhere"), 1, "nowhere"),
        (("--manifests", "sites/gitops", "--context", "x"), 64, "two places"),
        (("--manifests", "sites/gitops", "--name", "Not A Name"), 64, "is not a name"),
        (("--manifests", "sites/gitops", "--name", "a: {b}"), 64, "is not a name"),
        (("--manifests", "sites/gitops", "-o", "no/such/site.yaml"), 1, "cannot be written"),
        ((), 1, "there is no kubeconfig"),
    ],
)
def test_bad_input_is_told(
    vddkctl: Vddkctl, gitops: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = vddkctl("import", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_an_absolute_folder_stays_so(vddkctl: Vddkctl, gitops: Path) -> None:
    done = vddkctl("import", "--manifests", gitops)
    assert json.loads(vddkctl("plan", "-f", "-", "--output", "json", input=done.out).out)["changes"] == []
