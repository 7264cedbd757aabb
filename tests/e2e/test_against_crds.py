"""What vddkctl writes is what Forklift's own definitions take.

Held against the small definitions in ``tests/crds``, and against those in the folder that VDDKCTL_TEST_CRDS names, if
any: the ones that Forklift installs, say.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT, Vddkctl
from tests.support.apiservers import MINIMAL
from tests.support.crds import as_json_schema, validators
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.files import ARCHIVE, BASE_DIGEST, BASE_TAG, FILES
from vddkctl.demo.sample import make_archive

OWN = MINIMAL
FOLDERS = [OWN, *(Path(name) for name in [os.environ.get("VDDKCTL_TEST_CRDS")] if name)]
API = "forklift.konveyor.io/v1beta1"
PROVIDER, CONTROLLER = (API, "Provider"), (API, "ForkliftController")
SITES = ("demo", "gitops", "air-gapped")


def make_site(name: str, root: Path) -> Path:
    """The demo's site, or an example, with an archive of a few kilobytes."""
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_archive(root / ARCHIVE, size=40_000)
    if name != "demo":
        shutil.copytree(ROOT / "examples" / name, root, dirs_exist_ok=True)
        make_base(root / "base", "8.10", busybox)
        return root
    base = make_base(root / "base", BASE_TAG, busybox)
    for file, text in FILES.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text.replace(BASE_DIGEST, base))
    return root


def manifests(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.yaml")):
        yield from YAML(typ="safe", pure=True).load_all(path)


@pytest.mark.parametrize("crds", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", SITES)
def test_manifests_are_valid_before_and_after_an_apply(
    vddkctl: Vddkctl, tmp_path: Path, name: str, crds: Path
) -> None:
    by_kind = validators(crds)
    site = make_site(name, tmp_path)
    before = list(manifests(site / "gitops"))
    applied = vddkctl("apply", "--auto-approve", cwd=site, env={"VDDK_ARCHIVE": str(site / ARCHIVE)})
    assert applied.code == 0, applied.err
    after = list(manifests(site / "gitops"))
    assert before != after
    for one in (*before, *after):
        by_kind[one["apiVersion"], one["kind"]].validate(one)


@pytest.mark.parametrize("crds", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (PROVIDER, {"type": "vsphere", "secret": {}, "settings": {"useVddkAioOptimization": True}}),
        (PROVIDER, {"type": "vsphere", "secret": {}, "vddkInitImage": "h.io/vddk:8"}),
        (PROVIDER, {"type": "vsphere"}),
        (CONTROLLER, {"vddk_image": 8}),
    ],
    ids=["a truth that is no text", "a setting beside the settings", "no secret", "a number for an image"],
)
def test_what_a_cluster_would_refuse_or_drop_is_found(
    crds: Path, kind: tuple[str, str], spec: dict[str, Any]
) -> None:
    one = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x"}, "spec": spec}
    with pytest.raises(jsonschema.ValidationError):
        validators(crds)[kind].validate(one)


def test_what_only_kubernetes_writes_so_is_translated() -> None:
    structural = {
        "type": "object",
        "properties": {
            "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "note": {"type": "string", "nullable": True},
            "nullable": {"type": "boolean"},
            "free": {"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    validator = jsonschema.Draft7Validator(as_json_schema(structural))
    for right in ({"port": 80}, {"port": "http"}, {"note": None}, {"nullable": True}, {"free": {"x": 1}}):
        validator.validate(right)
    for wrong in ({"port": 1.5}, {"port": None}, {"nullable": None}, {"ports": 80}):
        assert not validator.is_valid(wrong), wrong
