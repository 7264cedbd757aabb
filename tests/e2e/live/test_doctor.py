"""``vddkctl doctor`` on a real API server: every right, few rights, no rights, no Forklift, nobody there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.live.test_rights import as_user, documented, grant, named, narrow
from tests.support.apiservers import serve
from tests.support.doctor_answers import Found, found_by
from tests.support.live_sites import IMAGE, LiveSite
from tests.support.running_apiserver import RunningApiServer

GROUP = "forklift.konveyor.io"
PULL = """\
controller: {vddkImage: registry.example.com/vddk:8}
pullSecrets:
  reg: {registry: registry.example.com, namespaces: [%s], serviceAccounts: [puller]}
"""


def doctor(site: LiveSite, *words: str) -> Found:
    ended = site.run("doctor", "--output", "json", *words)
    assert ended.err == ""
    return found_by(ended.code, ended.out)


def plan_into(site: LiveSite, namespace: str) -> None:
    """A plan of Forklift's."""
    provider = {"name": "prod", "namespace": site.namespace}
    spec = {
        "provider": {"source": provider, "destination": provider},
        "targetNamespace": namespace,
        "map": {"network": {}, "storage": {}},
        "vms": [],
    }
    site.create("Plan", "plans", "move", spec)


__all__ = ["narrow"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApiServer]:
    """A cluster without Forklift."""
    (empty := tmp_path_factory.mktemp("definitions")).touch()
    with serve(tmp_path_factory.mktemp("bare"), empty) as server:
        yield server


def test_every_right(site: LiveSite) -> None:
    found = doctor(site)
    assert found.code == 0
    assert "1.20" in found.detail("API server") or "Kubernetes v1." in found.detail("API server")
    assert found.status("vddk_image in the schema") == "pass"
    assert f"{site.namespace}/forklift-controller" in found.detail("ForkliftController")
    assert set(found.group("rights").values()) == {"pass"}
    assert site.image is None  # nothing was written


def test_who_may_only_look_hears_what_apply_lacks(site: LiveSite) -> None:
    grant(site.server, "reader", site.namespace, "ClusterRole vddkctl-view", "Role vddkctl-view")
    reader = replace(site, user="reader")
    found = doctor(reader)
    rights = found.group("rights")
    assert found.code == 0
    assert rights[f"providers.{GROUP} everywhere"] == "pass"
    assert rights[f"providers.{GROUP} in {site.namespace}"] == "warn"
    assert found.detail(f"providers.{GROUP} in {site.namespace}") == (
        "may not get, patch (edge-berlin, prod, test): apply needs it"
    )
    assert found.detail(f"leases.coordination.k8s.io in {site.namespace}") == (
        "may not get, update, patch, create: apply needs it"
    )
    assert found.status("vddk_image in the schema") == "pass"  # out of what every user may read
    (site.root / "site.yaml").unlink()
    found = doctor(reader)
    assert found.code in (0, 1)  # other tests have controllers of their own there
    assert "fail" not in found.group("rights").values()


def test_who_may_apply_passes(site: LiveSite) -> None:
    names = ("ClusterRole vddkctl-view", "Role vddkctl-view", "Role vddkctl-apply")
    grant(site.server, "operator", site.namespace, *names)
    found = doctor(replace(site, user="operator"))
    assert (found.code, set(found.group("rights").values())) == (0, {"pass"})


def test_no_rights_are_told_verb_by_verb(site: LiveSite) -> None:
    found = doctor(replace(site, user="bob"))
    assert (found.code, found.status("API server"), found.status("ForkliftController")) == (1, "pass", "fail")
    assert found.detail(f"plans.{GROUP} everywhere") == "may not list: plan needs list"
    assert found.group("pull") == {"service accounts": "skip"}


def test_rights_in_one_namespace_do_with_a_warning(site: LiveSite) -> None:
    rules = [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["*"]}]
    site.server.grant("alice", rules, site.namespace)
    found = doctor(replace(site, user="alice"))
    assert found.status(f"providers.{GROUP} everywhere") == "warn"
    assert f"in namespace {site.namespace} alone" in found.detail(f"providers.{GROUP} everywhere")
    assert found.status("ForkliftController") == "warn"


def test_a_role_that_names_its_objects(site: LiveSite) -> None:
    """As resourceNames has it: patch is only for some, and doctor asks for each by its name."""
    names = ("ClusterRole vddkctl-view", "Role vddkctl-view", "Role vddkctl-apply")
    rules = [rule for name in names[2:] for rule in documented()[name][1] if GROUP not in rule["apiGroups"]]
    named = {"apiGroups": [GROUP], "verbs": ["get", "patch"]}
    rules += [
        {**named, "resources": ["forkliftcontrollers"], "resourceNames": ["forklift-controller"]},
        {**named, "resources": ["providers"], "resourceNames": ["prod", "test"]},
    ]
    site.server.grant("cron", rules, site.namespace)
    grant(site.server, "cron", site.namespace, *names[:2])
    found = doctor(replace(site, user="cron"))
    assert found.status(f"forkliftcontrollers.{GROUP} in {site.namespace}") == "pass"
    assert "(edge-berlin)" in found.detail(f"providers.{GROUP} in {site.namespace}")


def test_rights_to_a_sites_own_lock_and_record(narrow: LiveSite) -> None:
    """A role that names them is enough, and what is there need not be created."""
    home = narrow.namespace
    names = [f"{kind} in {home}" for kind in ("leases.coordination.k8s.io", "configmaps")]
    narrow.server.grant("alice", named(narrow, create=False), home)
    found = doctor(narrow)
    assert found.detail(names[0]) == "may get, update, patch, may not create: apply needs it"
    assert found.detail(names[1]) == (
        "may get, patch, may not list, create: apply needs create; "
        "without list the records of other sites are not seen"
    )
    assert as_user(narrow, "admin").apply("--no-wait").code == 0
    found = doctor(narrow)
    assert (found.code, found.status(names[0])) == (0, "pass")
    assert (found.status(names[1]), found.detail(names[1])) == (
        "warn",
        "may get, patch, may not list: without list the records of other sites are not seen",
    )


def test_everything_a_site_can_have_and_the_documented_rights_for_it(site: LiveSite) -> None:
    target = site.server.namespace("vms")
    site.write(
        PULL % target + "providers:\n  new: {create: {url: 'https://v/sdk', insecureSkipVerify: true, "
        "credentials: {username: {env: U}, password: {env: P}}}}\n"
    )
    names = ("ClusterRole vddkctl-view", "Role vddkctl-view", "Role vddkctl-apply")
    grant(site.server, "operator", site.namespace, *names)
    operator = replace(site, user="operator")
    rights = {name: status for name, status in doctor(operator).group("rights").items() if status != "pass"}
    assert rights == {
        f"providers.{GROUP} in {site.namespace}": "warn",
        f"secrets in {site.namespace}": "fail",
        f"secrets in {target}": "fail",
        f"serviceaccounts in {target}": "warn",
    }
    for namespace in (site.namespace, target):
        site.server.grant("operator", documented()["snippet"][1], namespace)
    assert set(doctor(operator).group("rights").values()) == {"pass"}


def test_two_controllers_and_none(site: LiveSite) -> None:
    site.create("ForkliftController", "forkliftcontrollers", "another", {})
    found = doctor(site)
    assert found.status("ForkliftController") == "fail"
    assert "another, forklift-controller" in found.detail("ForkliftController")
    for name in ("another", "forklift-controller"):
        site.server.request("DELETE", site.path("forkliftcontrollers", name))
    found = doctor(site)
    assert "there is: none" in found.detail("ForkliftController")
    assert set(found.group("rights").values()) == {"pass"}


def test_target_namespaces_that_cannot_pull(site: LiveSite) -> None:
    target = site.server.namespace("vms")
    plan_into(site, target)
    address = f"serviceaccount.{target}/default"
    assert doctor(site).status(address) == "warn"
    site.write(PULL % site.namespace)
    found = doctor(site)
    assert found.status(address) == "warn"
    assert f"add {target} to pullSecrets.reg.namespaces" in found.next(address)
    assert found.status(f"serviceaccount.{site.namespace}/puller") == "fail"
    site.write(PULL.replace("puller", "default") % target)
    assert doctor(site).status(address) == "fail"  # and that one line tells it all
    site.write(PULL % site.namespace)
    account = {"metadata": {"name": "default"}, "imagePullSecrets": [{"name": "reg"}]}
    site.server.create(f"/api/v1/namespaces/{target}/serviceaccounts", account)
    found = doctor(site)
    assert found.status(address) == "warn"
    assert "pull secrets that are not there: reg" in found.detail(address)
    secret = {"metadata": {"name": "reg"}, "stringData": {"it": "kept-to-itself"}}
    site.server.create(f"/api/v1/namespaces/{target}/secrets", secret)
    assert doctor(site).status(address) == "pass"
    site.server.request("DELETE", site.path("plans", "move"))


def test_a_missing_secret_that_is_not_the_sites_is_to_be_made_or_taken_out(site: LiveSite) -> None:
    target = site.server.namespace("vms")
    plan_into(site, target)
    names = [{"name": "left-over"}, {"name": ".."}]
    account = {"metadata": {"name": "default"}, "imagePullSecrets": names}
    site.server.create(f"/api/v1/namespaces/{target}/serviceaccounts", account)
    site.write(PULL.replace("puller", "default") % target)
    found = doctor(site)
    address = f"serviceaccount.{target}/default"
    assert "pull secrets that are not there: left-over" in found.detail(address)
    mend = f"create left-over, .., or take out what is not needed: kubectl -n {target} edit serviceaccount default"
    assert found.next(address) == mend
    site.write(PULL.replace("puller", "") % target)
    assert "add default to pullSecrets.reg.serviceAccounts" in doctor(site).next(address)
    site.server.request("DELETE", site.path("plans", "move"))


def test_storage_maps_and_their_secrets_are_looked_for(site: LiveSite) -> None:
    site.write("storageMaps: {map: {offload: {ds: {vendor: flashsystem, secret: keys}}}}\n")
    found = doctor(site)
    assert set(found.group("references").values()) == {"fail"}
    site.create(
        "StorageMap", "storagemaps", "map", {"map": [], "provider": {"source": {}, "destination": {}}}
    )
    secret = {"metadata": {"name": "keys"}, "stringData": {"password": "kept-to-itself"}}
    site.server.create(f"/api/v1/namespaces/{site.namespace}/secrets", secret)
    ended = site.run("doctor", "--output", "json")
    assert set(found_by(ended.code, ended.out).group("references").values()) == {"pass"}
    assert "kept-to-itself" not in ended.out + ended.err


def test_a_cluster_without_forklift(bare: RunningApiServer, tmp_path: Path) -> None:
    site = LiveSite(bare, "default", tmp_path)
    site.write(f"controller: {{vddkImage: {IMAGE}}}\n")
    found = doctor(site)
    assert (found.code, found.status("API server"), found.status("Forklift")) == (1, "pass", "fail")
    assert found.group("rights") == {"cluster": "skip"}


def test_a_token_that_is_not_taken(site: LiveSite) -> None:
    server = replace(site.server, tokens={**site.server.tokens, "bob": "wrong-token"})
    ended = replace(site, server=server, user="bob").run("doctor", "--output", "json")
    found = found_by(ended.code, ended.out)
    assert (found.status("API server TLS"), found.status("API server")) == ("pass", "fail")
    assert "wrong-token" not in ended.out + ended.err


def test_nobody_there_and_a_silent_server(site: LiveSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        found = doctor(replace(site, server=replace(site.server, url=url)), "--timeout", "2s")
        assert (found.status("API server port"), found.status("API server TLS")) == ("pass", "fail")
    found = doctor(replace(site, server=replace(site.server, url=url)), "--timeout", "2s")
    assert (found.status("API server port"), found.group("rights")) == ("fail", {"cluster": "skip"})
    assert found.status("temporary folder") == "pass"


def test_a_context_that_is_not_there(site: LiveSite) -> None:
    site.write(cluster="cluster: {context: nowhere}\n")
    found = doctor(site)
    assert (found.code, found.status("kubeconfig")) == (1, "fail")
    assert "there are: tests" in found.next("kubeconfig")
