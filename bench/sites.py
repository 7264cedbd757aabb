"""Sites to measure with: one archive into one layout, and a folder of many providers."""

from __future__ import annotations

from pathlib import Path

from vddkctl.demo.base import make_base
from vddkctl.demo.elf_writer import shared_object

_MACHINE = "x86_64"

_IMAGE = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata:
  name: bench
cluster:
  manifests: ./gitops
images:
  vddk:
    archive: {{path: {archive}}}
    repository: oci:./images
    tag: bench
    platforms: [linux/amd64]
    base: oci:./base:bench@{base}
    clusterRepository: registry.example.com/migration/vddk
"""

_REGISTRY = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata:
  name: bench
cluster:
  manifests: ./gitops
images:
  vddk:
    archive: {{path: {archive}}}
    repository: {repository}
    tag: bench
    base: {base}
policy:
  publicRegistry: allow
"""

_SETTINGS = """\
controller:
  vddkImage: vddk
providers:
  "*":
    vddkImage: vddk
    aio: true
    buffers: small
"""

_CONTROLLER = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata:
  name: forklift-controller
  namespace: openshift-mtv
spec:
  feature_ui_plugin: "true"
  vddk_image: quay.io/old/vddk:7.0.3
"""

# As people keep them: what `kubectl get` shows, without the status.
_PROVIDER = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata:
  name: vsphere-{number:04}
  namespace: openshift-mtv
  annotations:
    # asked for by the team of this data centre
    forklift.konveyor.io/empty-vddk-init-image: "yes"
  labels:
    site: dc-{place}
    team: migration
spec:
  type: vsphere
  url: https://vcenter-{number:04}.example.com/sdk
  secret:
    name: vsphere-{number:04}-credentials
    namespace: openshift-mtv
  settings:
    sdkEndpoint: vcenter
    vddkInitImage: quay.io/old/vddk:{number}
    useVddkAioOptimization: "{aio}"
"""


def image_site(folder: Path, archive: Path, settings: str = "") -> Path:
    """A site of one image, in a new folder."""
    (folder / "gitops").mkdir(parents=True)
    program = folder / "program"
    program.write_bytes(shared_object(None, machine=_MACHINE, total=4096))
    base = make_base(folder / "base", "bench", program)
    (folder / "site.yaml").write_text(_IMAGE.format(archive=archive, base=base) + settings)
    return folder


def registry_site(folder: Path, archive: Path, repository: str, base: str) -> Path:
    """A site of one image in a registry, on a base that is there already, in a new folder."""
    (folder / "gitops").mkdir(parents=True)
    (folder / "gitops" / "forklift.yaml").write_text(_CONTROLLER)
    (folder / "site.yaml").write_text(_REGISTRY.format(archive=archive, repository=repository, base=base))
    return folder


def provider_site(folder: Path, archive: Path, count: int, *, one_file: bool) -> list[Path]:
    """A site of one image and many providers that all have to change. Returns the manifests."""
    gitops = image_site(folder, archive, _SETTINGS) / "gitops"
    documents = [_CONTROLLER, *map(_provider, range(count))]
    if one_file:
        documents = ["---\n".join(documents)]
    paths = [gitops / f"{number:04}.yaml" for number in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(document)
    return paths


def _provider(number: int) -> str:
    # No two are alike, and all need two or three fields changed.
    return _PROVIDER.format(number=number, place=number % 7, aio=str(number % 3 == 0).lower())
