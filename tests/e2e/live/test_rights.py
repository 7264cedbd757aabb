"""The rights that docs/rbac.md documents are enough, and what is missing is named before anything is asked."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.support.live_sites import IMAGE, LiveSite
from tests.support.running_apiserver import RunningApiServer


def documented() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Kind and rules by name, out of the page."""
    text = (ROOT / "docs" / "rbac.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(apiVersion.*?)```", text, re.DOTALL)
    found = [each for block in blocks for each in YAML(typ="safe").load_all(block)]
    roles = {f"{each['kind']} {each['metadata']['name']}": (each["kind"], each["rules"]) for each in found}
    (rules,) = re.findall(r"```yaml\n( +-.*?)```", text, re.DOTALL)
    return {**roles, "snippet": ("Role", YAML(typ="safe").load(rules))}


def grant(server: RunningApiServer, user: str, namespace: str, *names: str) -> None:
    roles = documented()
    for name in names:
        kind, rules = roles[name]
        server.grant(user, rules, None if kind == "ClusterRole" else namespace)


@pytest.fixture
def looker(site: LiveSite) -> LiveSite:
    """Somebody who may look, and no more."""
    grant(site.server, "reader", site.namespace, "ClusterRole vddkctl-view", "Role vddkctl-view")
    return as_user(site, "reader")


@pytest.fixture
def operator(site: LiveSite) -> LiveSite:
    """Somebody who may apply."""
    names = ("ClusterRole vddkctl-view", "Role vddkctl-view", "Role vddkctl-apply")
    grant(site.server, "operator", site.namespace, *names)
    return as_user(site, "operator")


def as_user(site: LiveSite, user: str) -> LiveSite:
    return replace(site, user=user)


def test_who_may_look_plans_and_finds_drift(looker: LiveSite) -> None:
    assert looker.run("plan", "--detailed-exitcode").code == 2
    assert looker.run("explain").code == 0
    new = looker.run("drift")
    assert (new.code, "nothing was applied yet, or the record of" in new.err) == (1, True)
    assert as_user(looker, "admin").apply("--no-wait").code == 0
    assert looker.run("drift").code == 0


def test_who_may_only_look_hears_before_the_question_what_is_missing(looker: LiveSite) -> None:
    ended = looker.apply()
    assert (ended.code, looker.image) == (1, None)
    for right in (
        "patch providers.forklift.konveyor.io",
        "create leases.coordination.k8s.io",
        "patch configmaps",
    ):
        assert f"{right} in namespace {looker.namespace}" in ended.err


def test_who_may_apply_does(operator: LiveSite) -> None:
    ended = operator.apply()
    assert ended.code == 0, ended.err
    assert operator.image == IMAGE
    assert operator.run("drift").code == 0


def test_rights_in_one_namespace_are_enough_for_it(site: LiveSite) -> None:
    _, rules = documented()["ClusterRole vddkctl-view"]
    site.server.grant("alice", rules, site.namespace)
    grant(site.server, "alice", site.namespace, "Role vddkctl-view", "Role vddkctl-apply")
    alice = as_user(site, "alice")
    assert alice.apply().code == 0
    assert alice.changing() == []


def test_no_rights_at_all_are_told_with_verb_resource_and_namespace(site: LiveSite) -> None:
    ended = as_user(site, "bob").run("plan")
    assert ended.code == 1
    assert 'User "bob" cannot list resource "forkliftcontrollers"' in ended.err
    assert f'in the namespace "{site.namespace}"' in ended.err
    assert "Traceback" not in ended.err


def named(site: LiveSite, *, create: bool) -> list[dict[str, Any]]:
    """Rights to the site's own lock and record, and to no others; with the first of them to be made, or not."""
    both = [
        ("coordination.k8s.io", "leases", ["get", "update", "patch"]),
        ("", "configmaps", ["get", "patch"]),
    ]
    name = f"vddkctl-{site.namespace}"
    rules = [
        {"apiGroups": [group], "resources": [kind], "resourceNames": [name], "verbs": verbs}
        for group, kind, verbs in both
    ]
    forklift = ["forkliftcontrollers", "providers"]
    rules.append({"apiGroups": ["forklift.konveyor.io"], "resources": forklift, "verbs": ["get", "patch"]})
    if create:
        rules += [{"apiGroups": [g], "resources": [kind], "verbs": ["create"]} for g, kind, _ in both]
    return rules


@pytest.fixture
def narrow(site: LiveSite) -> LiveSite:
    """Somebody who may look, to whom a test grants rights by name."""
    _, rules = documented()["ClusterRole vddkctl-view"]
    site.server.grant("alice", rules)
    return as_user(site, "alice")


def test_rights_to_the_sites_own_lock_and_record_are_enough(narrow: LiveSite) -> None:
    narrow.server.grant("alice", named(narrow, create=True), narrow.namespace)
    ended = narrow.apply("--no-wait")
    assert ended.code == 0, ended.err
    assert narrow.image == IMAGE


def test_what_is_there_need_not_be_created(narrow: LiveSite) -> None:
    narrow.server.grant("alice", named(narrow, create=False), narrow.namespace)
    refused = narrow.apply("--no-wait")
    assert (refused.code, narrow.image) == (1, None)
    for kind in ("leases.coordination.k8s.io", "configmaps"):
        assert f"create {kind} in namespace {narrow.namespace}" in refused.err
    assert "patch" not in refused.err
    name, home = f"vddkctl-{narrow.namespace}", f"/namespaces/{narrow.namespace}"
    narrow.server.create(f"/apis/coordination.k8s.io/v1{home}/leases", {"metadata": {"name": name}})
    narrow.server.create(f"/api/v1{home}/configmaps", {"metadata": {"name": name}})
    ended = narrow.apply("--no-wait")
    assert ended.code == 0, ended.err
    assert narrow.image == IMAGE
