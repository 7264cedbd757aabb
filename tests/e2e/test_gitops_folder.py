"""A folder as people have it: charts, patches and links lie between the manifests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Vddkctl

TEMPLATE = """\
{{- if .Values.enabled }}
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata:
  name: {{ .Release.Name }}-x
{{- end }}
"""
PATCH = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: vsphere-prod, namespace: openshift-mtv}
spec: {settings: {useVddkAioOptimization: "true"}}
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    target = tmp_path / "site"
    shutil.copytree(Path(__file__).parents[2] / "examples" / "gitops", target)
    return target


def test_a_template_is_passed_by_and_named(vddkctl: Vddkctl, here: Path) -> None:
    chart = here / "gitops" / "chart" / "templates" / "p.yaml"
    chart.parent.mkdir(parents=True)
    chart.write_text(TEMPLATE)
    done = vddkctl("apply", "--auto-approve", cwd=here)
    assert done.code == 0
    assert "! chart/templates/p.yaml:1: a template, and not YAML; it is passed by [not-read]" in done.out
    assert chart.read_text() == TEMPLATE


def test_a_link_that_leaves_the_folder_is_named(vddkctl: Vddkctl, here: Path) -> None:
    outside = (here / "gitops" / "providers.yaml").rename(here / "outside.yaml")
    (here / "gitops" / "providers.yaml").symlink_to(outside)
    (here / "site.yaml").write_text((here / "site.yaml").read_text().partition("providers:")[0])
    done = vddkctl("plan", cwd=here)
    assert done.code == 0
    assert (
        "! providers.yaml: a link that leaves the folder of manifests; it is not followed [not-read]"
        in done.out
    )


def test_a_patch_for_kustomize_is_a_second_object_and_the_hint_says_what_to_do(
    vddkctl: Vddkctl, here: Path
) -> None:
    (here / "gitops" / "patch.yaml").write_text(PATCH)
    done = vddkctl("plan", cwd=here)
    assert done.code == 1
    assert "where one is a patch for Kustomize, let cluster.manifests name the base's folder" in done.err


MERGED = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: edge-lyon, namespace: openshift-mtv}
x: &defaults
  vddkInitImage: quay.io/old/vddk:7
spec:
  type: vsphere
  settings:
    <<: *defaults
"""


def test_what_cannot_be_written_is_said_by_the_plan(vddkctl: Vddkctl, here: Path) -> None:
    (here / "gitops" / "lyon.yaml").write_text(MERGED)
    (here / "gitops" / "forklift.yaml").chmod(0o444)
    site = (here / "site.yaml").read_text()
    (here / "site.yaml").write_text(site + "  edge-lyon: {vddkImage: inherit}\n")
    before = {path: path.read_bytes() for path in (here / "gitops").iterdir()}
    told = [line for line in vddkctl("plan", cwd=here).out.splitlines() if "[cannot-be-written]" in line]
    assert [line.split()[1] for line in told] == [
        "controller.openshift-mtv/forklift-controller:",
        "provider.openshift-mtv/edge-lyon:",
    ]
    assert "this file is read-only" in told[0]
    assert "gitops/lyon.yaml:5:" in told[1]
    assert "; take it out of what is merged" in told[1]
    assert {path: path.read_bytes() for path in (here / "gitops").iterdir()} == before
