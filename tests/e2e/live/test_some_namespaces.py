"""A user with rights in some namespaces: what is not seen is neither gone nor absent, and is not forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.live_sites import LiveSite

FORKLIFT = "forklift.konveyor.io"
HOME_ALONE = [
    {
        "apiGroups": [FORKLIFT],
        "resources": ["forkliftcontrollers", "providers", "plans", "migrations", "storagemaps"],
        "verbs": ["list", "get", "patch"],
    },
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create", "patch"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "list", "create", "update", "patch"],
    },
]
CREDENTIALS = "{username: {file: ./words}, password: {file: ./words}}"
CREATE = (
    f"create: {{url: 'https://new.example.com/sdk', insecureSkipVerify: true, credentials: {CREDENTIALS}}}"
)


@pytest.fixture
def there(site: LiveSite) -> LiveSite:
    """Another namespace, with a provider ``ext`` of the same Forklift; an admin has applied to it."""
    other = replace(site, namespace=site.server.namespace("other"))
    other.provider("ext")
    site.write(f"providers:\n  prod: {{aio: true}}\n  {other.namespace}/ext: {{aio: true}}\n")
    ended = site.apply("--no-wait")
    assert ended.code == 0, ended.err
    return other


@pytest.fixture
def cron(site: LiveSite, there: LiveSite) -> LiveSite:
    """Somebody with rights in Forklift's namespace, and none in the other one."""
    site.server.grant("alice", HOME_ALONE, site.namespace)
    return replace(site, user="alice")


def may(site: LiveSite, namespace: str, *verbs: str, resource: str = "providers") -> None:
    group = FORKLIFT if resource == "providers" else ""
    rule = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    site.server.grant("alice", [rule], namespace)


def applied_to(site: LiveSite) -> Any:
    """What the record knows, by address."""
    record = site.get("configmaps", f"vddkctl-{site.namespace}", group="/api/v1")["data"]["record"]
    return json.loads(record)["applied"]


def test_to_get_what_the_spec_names_is_enough_to_look(cron: LiveSite, there: LiveSite) -> None:
    may(cron, there.namespace, "get")
    drifted = cron.run("drift")
    assert (drifted.code, drifted.err) == (0, "")
    there.patch("providers", "ext", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})
    assert cron.run("drift").code == 3
    assert [change["address"] for change in cron.plan()["changes"]] == [f"provider.{there.namespace}/ext"]


def test_to_get_and_patch_is_enough_to_apply_also_to_many(cron: LiveSite, there: LiveSite) -> None:
    may(cron, there.namespace, "get", "patch")
    names = [f"more-{number}" for number in range(11)]
    for name in names:
        there.provider(name)
    cron.write("providers:\n" + "".join(f"  {there.namespace}/{name}: {{aio: true}}\n" for name in names))
    ended = cron.apply("--timeout", "1s")
    assert "cannot be told" not in ended.out + ended.err
    assert ended.out.count("Forklift has not looked at it yet") == len(names) + 2, ended
    assert {there.settings(name)["useVddkAioOptimization"] for name in names} == {"true"}
    assert "useVddkAioOptimization" not in there.settings("ext"), "as prod, it was given back"


def test_what_is_really_gone_is_told_as_gone(cron: LiveSite, there: LiveSite) -> None:
    may(cron, there.namespace, "get")
    there.server.request("DELETE", there.path("providers", "ext"))
    drifted = cron.run("drift", "--output", "json")
    assert (drifted.code, drifted.data["gone"]) == (3, [f"provider.{there.namespace}/ext"])


@pytest.mark.parametrize("words", [("plan",), ("drift",), ("apply", "--auto-approve"), ("explain",)])
def test_what_the_spec_names_and_cannot_be_seen_is_an_error(
    cron: LiveSite, there: LiveSite, words: tuple[str, ...]
) -> None:
    ended = cron.run(*words)
    assert ended.code == 1
    assert "site.yaml:7: " in ended.err
    assert f"may not get providers.{FORKLIFT} in namespace {there.namespace}" in ended.err
    assert "gone" not in ended.out + ended.err
    assert "it was there" not in ended.err


def test_the_rest_can_be_applied_without_it(cron: LiveSite, there: LiveSite) -> None:
    cron.write(f"providers:\n  prod: {{aio: false}}\n  {there.namespace}/ext: {{aio: true}}\n")
    ended = cron.apply("--no-wait", "--exclude", f"provider.{there.namespace}/*")
    assert ended.code == 0, ended.err
    assert cron.settings("prod")["useVddkAioOptimization"] == "false"
    assert applied_to(cron)[f"provider.{there.namespace}/ext"] == {
        "spec.settings.useVddkAioOptimization": "true"
    }


def test_what_only_the_record_knows_stays_and_is_not_forgotten(cron: LiveSite, there: LiveSite) -> None:
    address = f"provider.{there.namespace}/ext"
    cron.write("providers:\n  prod: {aio: false}\n")
    planned = cron.run("plan")
    assert planned.code == 0, planned.err
    assert "[not-seen]" in planned.out
    assert f"may not get providers.{FORKLIFT} in namespace {there.namespace}" in planned.out
    assert "forgets" not in planned.out
    drifted = cron.run("drift")
    assert (drifted.code, f"{address}: cannot be seen" in drifted.err) == (0, True)
    assert cron.apply("--no-wait").code == 0
    assert address in applied_to(cron)
    assert cron.apply("--no-wait").code == 0, "nothing changes now"
    assert address in applied_to(cron)
    may(cron, there.namespace, "get", "patch")
    assert cron.apply("--no-wait").code == 0
    assert "useVddkAioOptimization" not in there.settings("ext")
    assert address not in applied_to(cron)


def test_a_provider_that_cannot_be_seen_is_not_created(cron: LiveSite, there: LiveSite) -> None:
    (cron.root / "words").write_text("s3same")
    may(cron, there.namespace, "create", "patch")
    may(cron, there.namespace, "get", "create", "patch", resource="secrets")
    cron.write(f"providers:\n  {there.namespace}/ext: {{aio: true, {CREATE}}}\n")
    for words in ((), ("--target", "secret.*")):
        ended = cron.apply("--no-wait", *words)
        assert ended.code == 1
        assert f"may not get providers.{FORKLIFT} in namespace {there.namespace}" in ended.err
    code, secrets = cron.server.request("GET", f"/api/v1/namespaces/{there.namespace}/secrets")
    assert (code, secrets["items"]) == (200, [])
    may(cron, there.namespace, "get")
    address = f"provider.{there.namespace}/ext"
    [change] = [each for each in cron.plan()["changes"] if each["address"] == address]
    assert (change["action"], change["fields"][0]["path"]) == ("update", "spec.url")


def test_a_saved_plan_creates_nothing_where_it_cannot_be_seen(cron: LiveSite, there: LiveSite) -> None:
    cron.write(f"providers:\n  {there.namespace}/ext: {{aio: false}}\n")
    assert replace(cron, user="admin").run("plan", "-o", "p.json").code == 0
    may(cron, there.namespace, "patch")
    ended = cron.run("apply", "p.json")
    assert ended.code == 1
    assert f"may not get providers.{FORKLIFT} in namespace {there.namespace}" in ended.err
    assert "gone" not in ended.err
    assert there.settings("ext")["useVddkAioOptimization"] == "true"


def test_a_rollback_leaves_it_and_the_record_knows_it_still(cron: LiveSite, there: LiveSite) -> None:
    admin = replace(cron, user="admin")
    admin.write("providers:\n  prod: {aio: false}\n" + f"  {there.namespace}/ext: {{aio: false}}\n")
    assert admin.apply("--no-wait").code == 0
    seen = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}
    cron.server.grant("alice", [seen], cron.namespace)  # there is none: nothing to wait for
    ended = cron.run("rollback", "1", "--auto-approve")
    assert "not any more" not in ended.out
    assert f"may not get providers.{FORKLIFT} in namespace {there.namespace}" in ended.out, ended.err
    assert cron.settings("prod")["useVddkAioOptimization"] == "true"
    known = applied_to(cron)[f"provider.{there.namespace}/ext"]
    assert known == {"spec.settings.useVddkAioOptimization": "false"}


def test_a_rule_for_other_namespaces_says_what_it_does_not_see(cron: LiveSite, there: LiveSite) -> None:
    may(cron, there.namespace, "get", "patch")
    there.provider("edge")
    cron.write('providers:\n  prod: {aio: true}\n  "*/e*": {aio: false}\n')
    planned = cron.run("plan")
    assert planned.code == 0, planned.err
    assert 'the rule "*/e*" is for providers of other namespaces' in planned.out
    assert f"may not list providers.{FORKLIFT} in all namespaces" in planned.out
    changing = {change["address"] for change in cron.plan()["changes"]}
    assert changing == {f"provider.{there.namespace}/ext", f"provider.{cron.namespace}/edge-berlin"}
    assert "[not-seen]" not in replace(cron, user="admin").run("plan").out


def test_what_may_be_listed_everywhere_is_seen_whatever_else_may_not(site: LiveSite) -> None:
    rule = {"apiGroups": [FORKLIFT], "resources": ["providers"], "verbs": ["list"]}
    site.server.grant("alice", HOME_ALONE, site.namespace)
    site.server.grant("alice", [rule])
    other = replace(site, namespace=site.server.namespace("other"))
    other.provider("ext")
    alice = replace(site, user="alice")
    alice.write(f"providers:\n  '{other.namespace[:-1]}?/*': {{aio: true}}\n")
    planned = alice.plan()
    assert [change["address"] for change in planned["changes"]] == [f"provider.{other.namespace}/ext"]
