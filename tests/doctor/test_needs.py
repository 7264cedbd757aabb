"""Which rights the doctor asks for: those that docs/rbac.md lists, and no other, in the places of the site."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML

from tests.conftest import ROOT
from vddkctl.cluster.live.rights import EVERYWHERE
from vddkctl.doctor.needs import Need, needs
from vddkctl.plan.observed import ObjectKey
from vddkctl.site.load import load

HOME = "openshift-mtv"
HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: here}\n"
WHOLE = """\
controller: {vddkImage: registry.example.com/vddk:8}
providers:
  prod: {aio: true}
  elsewhere/other: {aio: true}
  "edge-*": {aio: true}
  "*/any-*": {aio: true}
  new:
    create: {url: https://v/sdk, insecureSkipVerify: true, credentials: {username: {env: U}, password: {env: P}}}
pullSecrets:
  pull: {registry: registry.example.com, namespaces: [vms], serviceAccounts: [default]}
storageMaps:
  map: {offload: {ds: {vendor: flashsystem, secret: keys}}}
"""
Right = tuple[str, str, str]
"""Group, resource, verb."""


def of(parts: str, *there: str) -> tuple[Need, ...]:
    """The needs of a site, with providers that are there, each ``namespace/name``."""
    keys = [ObjectKey("Provider", *name.split("/")) for name in there]
    return needs(load(HEAD + parts, "site.yaml"), HOME, ["one"], keys)


def asked(found: tuple[Need, ...], namespace: str | None = None) -> set[Right]:
    return {
        (need.resource.group, need.resource.plural, verb)
        for need in found
        for verb in (*need.look, *need.write)
        if namespace in (None, need.namespace)
    }


def documented(*, cluster_wide: bool) -> set[Right]:
    """The rules of the page, but those for pods, which doctor does not need."""
    text = (ROOT / "docs" / "rbac.md").read_text(encoding="utf-8")
    rules: list[Any] = []
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        roles = YAML(typ="safe").load_all(block) if block.startswith("api") else [{"rules": block}]
        for role in roles:
            listed = role["rules"]
            if isinstance(listed, str):
                listed = YAML(typ="safe").load(listed)
            if role.get("metadata", {}).get("name") == "vddkctl-pods":
                continue
            if not cluster_wide or role.get("kind") == "ClusterRole":
                rules += listed
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_a_site_of_everything_needs_what_is_documented_and_no_more() -> None:
    assert asked(of(WHOLE)) == documented(cluster_wide=False)


def test_what_is_asked_everywhere_is_in_a_cluster_role() -> None:
    assert asked(of(WHOLE), "") <= documented(cluster_wide=True)


def test_a_small_site_needs_little() -> None:
    found = of("providers: {prod: {aio: true}}\n")
    assert {plural for _, plural, _ in asked(found, HOME)} == {
        "providers",
        "configmaps",
        "leases",
        "deployments",
    }
    assert asked(found, "") == {
        ("forklift.konveyor.io", plural, "list")
        for plural in ("forkliftcontrollers", "providers", "plans", "migrations")
    }


def test_providers_are_asked_for_by_name_and_rules_by_what_they_match() -> None:
    found = of(WHOLE, f"{HOME}/edge-1", "far/any-1", "far/other", "far/edge-2")
    named = {(need.namespace, need.name) for need in found if "patch" in need.write if need.name}
    assert {(HOME, "prod"), ("elsewhere", "other"), (HOME, "edge-1"), ("far", "any-1")} <= named
    assert not {("far", "other"), ("far", "edge-2")} & named


def test_rights_in_one_namespace_do_and_to_get_those_elsewhere_that_the_spec_names() -> None:
    def of_providers(parts: str) -> tuple[set[str | None], set[tuple[str, str]]]:
        found = [need for need in of(parts) if need.resource.plural == "providers" and need.look]
        instead = {need.instead for need in found if need.namespace == EVERYWHERE}
        return instead, {(need.namespace, need.name) for need in found if need.unless and "get" in need.look}

    assert of_providers("providers: {prod: {aio: true}}\n") == ({HOME}, set())
    assert of_providers("providers: {elsewhere/prod: {aio: true}}\n") == ({HOME}, {("elsewhere", "prod")})
