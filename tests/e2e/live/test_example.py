"""The example of a live cluster, applied for real: image, registry, controller, providers, secrets, storage."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.certificates import make_authority
from tests.support.live_sites import LiveSite
from tests.support.registries import PASSWORD, USERNAME, serve_tls
from tests.support.running_registry import RunningRegistry
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RunningRegistry]:
    """A private one, with a certificate of the company's own authority."""
    authority = make_authority(tmp_path / "authority")
    with serve_tls(tmp_path / "registry", authority=authority, password=True) as registry:
        yield registry


@pytest.fixture
def example(site: LiveSite, registry: RunningRegistry, tmp_path: Path) -> LiveSite:
    """What the head of the example asks for, with the names of this test's servers."""
    work = site.server.namespace("vms")
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(site.root / "base", "8.10", busybox)
    make_archive(site.root / "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", size=40_000)
    assert registry.ca
    for name in ("ca.pem", "vcenter-ca.pem"):
        shutil.copy(registry.ca, site.root / name)
    (site.root / "vsphere-password").write_text("s3same-open\n")
    auth = {registry.host: {"auth": base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}}
    (tmp_path / "auth.json").write_text(json.dumps({"auths": auth}))
    spec = (ROOT / "examples" / "cluster" / "site.yaml").read_text()
    for old, new in (
        (
            "  context: prod-frankfurt        # left out: the current context, or the cluster that this runs in\n",
            "",
        ),
        ("harbor.company.com", registry.host),
        ("registry.access.redhat.com/ubi8/ubi-minimal:8.10", "oci:./base:8.10"),
        ("openshift-mtv", site.namespace),
        ("[" + site.namespace + ", vms]", f"[{site.namespace}, {work}]"),
    ):
        assert old in spec, old
        spec = spec.replace(old, new)
    (site.root / "site.yaml").write_text(spec)
    for name in ("vsphere-prod", "vsphere-plain"):
        site.provider(name)
    for namespace in (site.namespace, work):
        site.server.create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}}
        )
    ref = {"namespace": site.namespace}
    spec_of_map = {
        "provider": {"source": {"name": "vsphere-prod", **ref}, "destination": {"name": "host", **ref}},
        "map": [
            {"source": {"name": "datastore0"}, "destination": {"storageClass": "slow"}},
            {"source": {"name": "datastore1"}, "destination": {"storageClass": "fast"}},
        ],
    }
    site.create("StorageMap", "storagemaps", "offload-mapping", spec_of_map)
    environment = {"VC_USER": "admin@vsphere.local", "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
    return replace(site, environment=environment)


def test_the_example_is_applied_and_then_there_is_nothing_to_do(
    example: LiveSite, registry: RunningRegistry
) -> None:
    ended = example.apply()
    assert ended.code == 0, ended.out + ended.err
    assert "11 of 11 changes done" in ended.out
    digest = registry.tags("migration/vddk")["8.0.1"]
    assert example.image == f"{registry.host}/migration/vddk@{digest}"
    again = example.run("plan", "--detailed-exitcode")
    assert again.code == 0, again.out
    assert example.run("drift").code == 0
    assert example.settings("edge-berlin")["vddkConfig"].startswith(
        "VixDiskLib.nfcAio.Session.BufSizeIn64KB=128\n"
    )
    created = example.get("providers", "vsphere-new")["spec"]
    assert created["secret"] == {"name": "vsphere-new-credentials", "namespace": example.namespace}
    [_, entry] = example.get("storagemaps", "offload-mapping")["spec"]["map"]
    assert entry["offloadPlugin"] == {
        "vsphereXcopyConfig": {"secretRef": "flashsystem-credentials", "storageVendorProduct": "flashsystem"}
    }
    for text in (ended.out, ended.err, again.out):
        assert "s3same-open" not in text
        assert PASSWORD not in text
