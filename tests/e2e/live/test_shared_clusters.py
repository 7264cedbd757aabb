"""Several sites in one cluster, and records that are lost or not seen: nobody's fields are given back but one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.live_sites import IMAGE, OTHER, SPEC, LiveSite

CORE = "/api/v1"


def other_site(site: LiveSite, parts: str) -> LiveSite:
    """Another site in the same Forklift, with a spec and a record of its own."""
    folder = site.root / "other"
    folder.mkdir(exist_ok=True)
    other = replace(site, root=folder)
    write_other(other, parts)
    return other


def write_other(other: LiveSite, parts: str) -> None:
    """Write the other site's spec."""
    other.write(parts)
    path = other.root / "site.yaml"
    path.write_text(
        path.read_text().replace(f"metadata: {{name: {other.namespace}}}", "metadata: {name: other}")
    )


def lose_record(site: LiveSite, name: str) -> None:
    code, found = site.server.request(
        "DELETE", f"{CORE}/namespaces/{site.namespace}/configmaps/vddkctl-{name}"
    )
    assert code == 200, found


def test_a_record_that_is_lost_makes_no_other_site_give_its_fields_back(applied: LiveSite) -> None:
    other = other_site(applied, "providers: {test: {aio: true}}\n")
    assert other.apply().code == 0
    lose_record(applied, applied.namespace)
    write_other(other, "providers: {test: {aio: false}}\n")
    assert other.changing() == ["provider.test"]
    assert other.apply().code == 0
    assert applied.image == IMAGE
    assert applied.settings("prod")["useVddkAioOptimization"] == "true"


def test_records_that_may_not_be_seen_are_not_taken_for_none(applied: LiveSite) -> None:
    other = other_site(applied, "providers: {test: {aio: true}}\n")
    view = [
        {
            "apiGroups": ["forklift.konveyor.io"],
            "resources": ["forkliftcontrollers", "providers", "plans", "migrations"],
            "verbs": ["get", "list"],
        }
    ]
    own = [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["vddkctl-other"], "verbs": ["get"]}
    ]
    applied.server.grant("reader", view, None)
    applied.server.grant("reader", own, applied.namespace)
    assert replace(other, user="reader").changing() == ["provider.test"]


def kubeconfig_of(site: LiveSite) -> dict[str, Any]:
    text = Path(site.server.kubeconfig(site.user)).read_text()
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found


def with_kubeconfig(site: LiveSite, config: dict[str, Any]) -> LiveSite:
    path = site.root / "kubeconfig"
    path.write_text(json.dumps(config))
    return replace(site, environment={"KUBECONFIG": str(path)})


def test_a_token_with_a_line_break_works_and_is_never_told(applied: LiveSite) -> None:
    config = kubeconfig_of(applied)
    user = config["users"][0]["user"]
    token = user.pop("token")
    user["tokenFile"] = str(applied.root / "token")
    site = with_kubeconfig(applied, config)
    (applied.root / "token").write_text(f"{token}\n")
    assert site.run("plan").code == 0
    (applied.root / "token").write_text(f"{token}\nmore\n")
    broken = site.run("plan", "-vv")
    assert broken.code == 1
    assert "no header can hold" in broken.err
    assert token not in broken.out + broken.err


def test_a_named_context_needs_no_current_one(applied: LiveSite) -> None:
    config = kubeconfig_of(applied)
    name = config.pop("current-context")
    applied.write(cluster=f"cluster: {{context: {name}, namespace: {applied.namespace}}}\n")
    ended = with_kubeconfig(applied, config).run("plan")
    assert ended.code == 0, ended.err


DAMAGED = (
    {"data": {"record": "{ not json"}},
    {"data": {"record": ""}},
    {"data": {"record": '{"formatVersion": "2.0", "site": "other", "applied": {}}'}},
    {"data": {"record": '{"formatVersion": "1.0", "site": "other", "applied": [1]}'}},
    {"binaryData": {"record.gz": "AAAA"}},
)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_record_of_another_site_that_cannot_be_read_is_told_and_stops_nobody(
    applied: LiveSite, content: dict[str, Any]
) -> None:
    applied.server.create(
        f"{CORE}/namespaces/{applied.namespace}/configmaps",
        {"metadata": {"name": "vddkctl-other", "labels": {"vddkctl.dev/record": "site"}}, **content},
    )
    applied.write(SPEC.replace("small", "large"))
    planned = applied.run("plan")
    assert planned.code == 0, planned.err
    assert "[not-read]" in planned.out
    assert f"configmap {applied.namespace}/vddkctl-other" in planned.out
    assert applied.changing() == ["provider.prod"]
    assert applied.apply().code == 0
    for words in (("drift",), ("drift", "--heal"), ("explain", "prod"), ("status",), ("history",)):
        ended = applied.run(*words)
        assert ended.code == 0, (words, ended.err)


SAME = f"controller: {{vddkImage: {IMAGE}}}\nproviders: {{prod: {{aio: true}}}}\n"
DIFFERENT = f"controller: {{vddkImage: {OTHER}}}\nproviders: {{prod: {{aio: false}}}}\n"


def test_what_another_site_declares_as_well_is_not_unset(applied: LiveSite) -> None:
    other = other_site(applied, SAME)
    assert other.apply().code == 0
    write_other(other, "providers: {plain: {aio: true}}\n")
    assert other.changing() == ["provider.plain"]
    assert other.apply().code == 0
    assert (applied.image, applied.settings("prod")["useVddkAioOptimization"]) == (IMAGE, "true")
    assert applied.run("drift").code == 0
    applied.write("providers: {}\n")
    assert applied.apply().code == 0
    assert applied.image is None, "the last one that declared it unsets it"
    assert "useVddkAioOptimization" not in applied.settings("prod")
    assert other.run("drift").code == 0


def test_a_field_for_which_two_sites_have_different_values_is_a_conflict(applied: LiveSite) -> None:
    other = other_site(applied, DIFFERENT)
    ended = other.apply()
    assert ended.code == 1
    assert f"spec.vddk_image is site {applied.namespace}'s: '{IMAGE}', and would be '{OTHER}'" in ended.err
    assert f"spec.settings.useVddkAioOptimization is site {applied.namespace}'s" in ended.err
    assert applied.image == IMAGE
    assert applied.run("drift").code == 0
    taken = other.apply("--take", "*")
    assert taken.code == 0, taken.err
    assert (applied.image, applied.settings("prod")["useVddkAioOptimization"]) == (OTHER, "false")
    drifted = applied.run("drift")
    assert drifted.code == 3
    assert "vddk_image   by site other" in drifted.out
    assert applied.run("drift", "--heal").code == 3
    assert applied.image == OTHER
    assert "spec.vddk_image is site other's" in applied.apply().err
    write_other(other, "providers: {}\n")
    assert other.apply().code == 0
    assert applied.image == OTHER, "the site that still declares the field brings its own value back"
    assert applied.apply().code == 0
    assert applied.image == IMAGE


def test_a_policy_takes_what_is_another_sites(applied: LiveSite) -> None:
    other = other_site(applied, DIFFERENT + "policy: {conflicts: take}\n")
    ended = other.apply()
    assert ended.code == 0, ended.err
    assert applied.image == OTHER
