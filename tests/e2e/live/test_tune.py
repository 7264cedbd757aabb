"""The inventory as the cluster knows it: its route or its service, and the kubeconfig's token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import inventories
from tests.support.certificates import make_authority
from tests.support.inventories import machine
from tests.support.live_sites import LiveSite
from tests.support.running_apiserver import ADMIN, RunningApiServer

GB = 10**9
ROUTES = "/apis/route.openshift.io/v1"
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "routes.route.openshift.io"},
    "spec": {
        "group": "route.openshift.io",
        "scope": "Namespaced",
        "names": {"kind": "Route", "listKind": "RouteList", "plural": "routes", "singular": "route"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"host": {"type": "string"}}}
                        },
                    }
                },
            }
        ],
    },
}


@pytest.fixture
def routes(apiserver: RunningApiServer) -> None:
    """The cluster knows routes, as OpenShift does."""
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    if apiserver.request("GET", f"{definitions}/routes.route.openshift.io")[0] == 404:
        apiserver.create(definitions, DEFINITION)
    end = time.monotonic() + 60
    while apiserver.request("GET", f"{ROUTES}/routes")[0] != 200:
        assert time.monotonic() < end, "routes are not served"
        time.sleep(0.05)


@pytest.fixture
def service(site: LiveSite, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An inventory with TLS of its own: its address, and the authority's file."""
    authority = make_authority(tmp_path / "inventory-ca")
    prod = inventories.provider(
        "u-1", "prod", site.namespace, machine("db", 300 * GB, 300 * GB, 300 * GB), machine("web", 20 * GB)
    )
    far = inventories.provider("u-2", "far", "elsewhere", machine("a", GB))
    token = site.server.tokens[ADMIN]
    with inventories.inventory(prod, far, token=token, certificate=authority.sign("inventory")) as address:
        yield address, authority.certificate


def add_route(site: LiveSite, host: str) -> None:
    body = {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": "forklift-inventory"},
        "spec": {"host": host},
    }
    site.server.create(site.path("routes", group=ROUTES), body)


@pytest.mark.usefixtures("routes")
def test_the_inventory_is_found_by_its_route_and_asked_with_the_kubeconfigs_token(
    site: LiveSite, service: tuple[str, Path]
) -> None:
    address, authority = service
    add_route(site, address)
    site.patch("forkliftcontrollers", "forklift-controller", {"spec": {"controller_max_vm_inflight": 2}})
    ended = site.run("tune", "--ca-file", str(authority), "--output", "json")
    assert ended.code == 0, ended.err
    found = {each["provider"]: each for each in ended.data["providers"]}
    assert list(found) == ["elsewhere/far", "prod"]
    assert (found["prod"]["disks"], found["prod"]["machines"], found["prod"]["preset"]) == (4, 2, "large")
    assert found["prod"]["memory"] == 256 * 2**16 * 16 * 2
    assert "controller_max_vm_inflight" in ended.data["concurrentFrom"]
    untrusted = site.run("tune")
    assert untrusted.code == 1
    assert "certificate" in untrusted.err
    assert site.server.tokens[ADMIN] not in ended.out + ended.err + untrusted.err


@pytest.mark.usefixtures("routes")
def test_what_the_inventory_says_is_written_into_the_spec(site: LiveSite, service: tuple[str, Path]) -> None:
    address, authority = service
    add_route(site, address)
    before = (site.root / "site.yaml").read_text()
    ended = site.run("tune", "--ca-file", str(authority), "--provider", "prod", "--write")
    assert ended.code == 0, ended.err
    assert (site.root / "site.yaml").read_text() == before.replace(
        "prod: {aio: true, buffers: small}", "prod: {aio: true, buffers: large}"
    )


def test_a_named_inventory_is_asked_with_the_kubeconfigs_token(
    site: LiveSite, service: tuple[str, Path]
) -> None:
    address, authority = service
    ended = site.run(
        "tune", "--inventory", f"https://{address}", "--ca-file", str(authority), "--output", "json"
    )
    assert ended.code == 0, ended.err
    assert ended.data["concurrentFrom"].startswith("Forklift's default")


def test_no_inventory_at_all_is_told(site: LiveSite) -> None:
    ended = site.run("tune")
    assert ended.code == 1
    assert "no route and no service forklift-inventory can be seen" in ended.err
    assert "--csv FILE" in ended.err


def test_a_service_that_only_pods_reach_is_told(site: LiveSite) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "forklift-inventory"},
        "spec": {"ports": [{"name": "api-https", "port": 8443}]},
    }
    site.server.create(site.path("services", group="/api/v1"), body)
    ended = site.run("tune")
    assert ended.code == 1
    assert f"https://forklift-inventory.{site.namespace}.svc:8443" in ended.err
    assert "the inventory cannot be reached" in ended.err
    assert "Traceback" not in ended.err


def test_who_may_not_see_it_is_told(site: LiveSite) -> None:
    ended = LiveSite(site.server, site.namespace, site.root, "bob").run("tune")
    assert ended.code == 1
    assert "docs/rbac.md" in ended.err
