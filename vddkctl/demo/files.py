"""The files of the sample site: a spec, and Forklift's objects as someone keeps them in Git."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ARCHIVE = "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz"
"""Named as the vendor names it. What is in it is a sample of the same shape."""

BASE_TAG = "busybox"
BASE_DIGEST = "sha256:BASE"
"""Stands for the digest of the base, which is only known once it is made."""

SITE = f"""\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata:
  name: demo
cluster:
  manifests: ./gitops
images:
  vddk-8:
    archive: {{path: ./{ARCHIVE}}}
    repository: oci:./images/vddk
    tag: 8.0.1
    base: oci:./base:{BASE_TAG}@{BASE_DIGEST}
    clusterRepository: registry.example.com/migration/vddk
controller:
  vddkImage: vddk-8
providers:
  vsphere-prod:
    aio: true
    buffers: small
  vsphere-test:
    vddkImage: inherit
  "edge-*":
    aio: true
    buffers: {{sizeIn64K: 128, count: 2}}
"""

_CONTROLLER = """\
# Installed by the operator; vddk_image was set by hand, long ago.
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata:
  name: forklift-controller
  namespace: openshift-mtv
spec:
  feature_ui_plugin: "true"
  vddk_image: quay.io/old/vddk:7.0.3   # TODO: which build was this?
  controller_max_vm_inflight: 20
"""

_PROVIDERS = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata:
  name: vsphere-prod
  namespace: openshift-mtv
spec:
  type: vsphere
  url: https://vcenter.prod.example.com/sdk
  secret: {name: vsphere-prod, namespace: openshift-mtv}
  settings:
    sdkEndpoint: vcenter
    useVddkAioOptimization: "true"
    # written by an old tool
    vddkConfig: |
      |
      VixDiskLib.nfcAio.Session.BufSizeIn64K=64
      VixDiskLib.nfcAio.Session.BufCount=4
---
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata:
  name: vsphere-test
  namespace: openshift-mtv
spec:
  type: vsphere
  url: https://vcenter.test.example.com/sdk
  secret: {name: vsphere-test, namespace: openshift-mtv}
  settings: {sdkEndpoint: vcenter, vddkInitImage: 'quay.io/old/vddk:test'}
"""

_EDGE = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: edge-berlin, namespace: openshift-mtv}
spec:
    type: vsphere
    url: https://vcenter.berlin.example.com/sdk
    secret:
        name: edge-berlin
        namespace: openshift-mtv
"""

FILES: Mapping[str, str] = MappingProxyType(
    {
        "site.yaml": SITE,
        "gitops/forklift.yaml": _CONTROLLER,
        "gitops/providers.yaml": _PROVIDERS,
        "gitops/edge/berlin.yaml": _EDGE,
    }
)
"""Every text file of the site, by its path."""
