"""Several sites in one cluster, and records that are lost or not seen: nobody's fields are given back but one's own."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.live_sites import IMAGE, OTHER, SPEC, LiveSite, make_live_site

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


def elsewhere(site: LiveSite) -> dict[str, str]:
    """What the plan says of what stays since another site declares it, by address."""
    return {w["address"]: w["message"] for w in site.plan()["warnings"] if w["code"] == "declared-elsewhere"}


def test_what_stays_for_another_site_is_told(applied: LiveSite) -> None:
    other = other_site(applied, SAME)
    assert other.apply().code == 0
    assert elsewhere(other) == elsewhere(applied) == {}
    write_other(other, "providers: {}\n")
    who = f"stays: site {applied.namespace} declares it; if site {applied.namespace} is no more"
    told = elsewhere(other)
    assert told[f"controller.{applied.namespace}/forklift-controller"].startswith(f"vddk_image {who}")
    assert told[f"provider.{applied.namespace}/prod"].startswith(f"useVddkAioOptimization {who}")
    assert len(told) == 2
    assert other.apply().code == 0
    assert elsewhere(other) == {}


def test_a_site_that_was_renamed_is_told_of_its_old_record_and_how_to_remove_it(site: LiveSite) -> None:
    site.write("providers: {prod: {aio: true, buffers: small}}\n")
    assert site.apply().code == 0
    renamed = other_site(site, "providers: {prod: {aio: true, buffers: medium}}\n")
    assert renamed.apply("--take", "*").code == 0
    write_other(renamed, "providers: {plain: {aio: true}}\n")
    [message] = elsewhere(renamed).values()
    assert message.startswith(
        f"useVddkAioOptimization, vddkConfig stay: site {site.namespace} declares them; "
    )
    _, found, command = message.partition("first remove its record: kubectl ")
    assert found
    site.server.kubectl(*command.split())
    assert elsewhere(renamed) == {}
    assert renamed.changing() == ["provider.plain", "provider.prod"]
    ended = renamed.apply()
    assert ended.code == 0, ended.err
    assert site.settings("prod") == {"sdkEndpoint": "vcenter"}
    assert renamed.changing() == []


def test_entries_of_lists_that_stay_for_another_site_are_told(site: LiveSite) -> None:
    (site.root / "auth.json").write_text('{"auths": {"harbor.example.com": {"auth": "cm9ib3Q6dDBrZW4="}}}')
    ready = replace(site, environment={"REGISTRY_AUTH_FILE": str(site.root / "auth.json")})
    site.server.create(site.path("serviceaccounts", group=CORE), {"metadata": {"name": "default"}})
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    entry = {"source": {"name": "ds1"}, "destination": {"storageClass": "fast"}}
    site.create("StorageMap", "storagemaps", "m", {"provider": pair, "map": [entry]})
    place = f"registry: harbor.example.com, namespaces: [{site.namespace}], serviceAccounts: [default]"
    spec = (
        f"pullSecrets: {{pull: {{{place}}}}}\n"
        "storageMaps: {m: {offload: {ds1: {vendor: ontap, secret: q}}}}\n"
    )
    ready.write(spec)
    assert ready.apply().code == 0
    other = other_site(ready, spec)
    assert other.apply().code == 0
    # Both have it of their own account: neither found it so before anybody declared it.
    ready.write("providers: {}\n")
    told = elsewhere(ready)
    assert told[f"serviceaccount.{site.namespace}/default"].startswith(
        "imagePullSecrets[pull] stays: another site declares it; "
    )
    assert told[f"storagemap.{site.namespace}/m"].startswith(
        "map[ds1].offloadPlugin.vsphereXcopyConfig stays"
    )
    assert ready.changing() == []


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


def test_a_new_site_leaves_what_was_set_for_a_site_whose_record_is_gone(applied: LiveSite) -> None:
    lose_record(applied, applied.namespace)
    other = other_site(applied, "providers: {test: {aio: true}}\n")
    planned = other.run("plan")
    assert planned.code == 0
    assert "the record of other is gone, or that of another site: vddkctl has set fields of" in planned.out
    assert other.changing() == ["provider.test"]
    assert other.apply().code == 0
    assert (applied.image, applied.settings("prod")["useVddkAioOptimization"]) == (IMAGE, "true")


def test_two_sites_whose_records_are_gone_unset_nothing_of_each_other(applied: LiveSite) -> None:
    other = other_site(applied, "providers: {test: {aio: true}}\n")
    assert other.apply().code == 0
    lose_record(applied, applied.namespace)
    lose_record(applied, "other")
    assert (other.changing(), applied.changing()) == ([], [])


def test_a_run_that_wrote_no_record_is_no_proof_of_one(applied: LiveSite) -> None:
    lose_record(applied, applied.namespace)
    lease = applied.path("leases", f"vddkctl-{applied.namespace}", group="/apis/coordination.k8s.io/v1")
    assert applied.server.request("DELETE", lease)[0] == 200
    other = other_site(applied, "providers: {test: {vddkImage: inherit}}\n")
    applied.patch("providers", "test", {"spec": {"settings": {"vddkInitImage": OTHER}}}, manager="argocd")
    assert other.apply().code == 1, "a conflict: the lock was taken, and no record was written"
    assert other.changing() == ["provider.test"]
    assert applied.image == IMAGE


# Waits with its first write until it is told to go on.
PAUSED = """
import pathlib, runpy, sys, time
from vddkctl.cluster.live.write import Writer
write = Writer.write
def late(self, change):
    if not self.dry_run:
        pathlib.Path("paused").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.05)
    return write(self, change)
Writer.write = late
sys.argv[0] = "vddkctl"
runpy.run_module("vddkctl", run_name="__main__")
"""


@pytest.mark.parametrize("words", [(), ("--take", "*")])
def test_two_sites_that_write_one_object_at_once_keep_each_others_fields(
    site: LiveSite, words: tuple[str, ...]
) -> None:
    site.write("providers: {prod: {aio: true}}\n")
    other = other_site(site, "providers: {prod: {buffers: large}}\n")
    with site.start("apply", "--auto-approve", *words, script=(PAUSED,)) as process:
        try:
            while not (site.root / "paused").exists():
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            assert other.apply().code == 0
        finally:
            (site.root / "go").touch()
        told = process.communicate(timeout=90)
    assert process.returncode == 0, told
    assert {"useVddkAioOptimization", "vddkConfig"} <= set(site.settings("prod"))
    for each in (site, other):
        assert each.run("drift").code == 0
        assert each.changing() == []


def test_a_rollback_takes_nothing_from_another_site_unasked(site: LiveSite) -> None:
    site.write("providers: {prod: {buffers: small}}\n")
    assert site.apply().code == 0
    site.write("providers: {prod: {buffers: small, aio: true}}\n")
    assert site.apply().code == 0
    other = other_site(site, "providers: {prod: {aio: true}}\n")
    assert other.apply().code == 0
    ended = site.run("rollback", "1", "--auto-approve")
    assert ended.code == 1
    assert "spec.settings.useVddkAioOptimization is site other's" in ended.err
    assert site.settings("prod")["useVddkAioOptimization"] == "true"
    assert other.run("drift").code == 0


def test_a_site_of_another_forklift_that_has_a_provider_is_named_and_not_stepped_on(
    site: LiveSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    there = make_live_site(site.server, site.server.namespace(), tmp_path_factory.mktemp("there"))
    there.write("providers: {prod: {aio: false}}\n")
    assert there.apply("--no-wait").code == 0
    site.write(f"providers: {{{there.namespace}/prod: {{aio: true}}}}\n")
    refused = site.apply("--no-wait")
    assert refused.code == 1
    name = f"{there.namespace}/{there.namespace}"
    assert f"spec.settings.useVddkAioOptimization is site {name}'s" in refused.err
    assert there.settings("prod")["useVddkAioOptimization"] == "false"
    there.write("providers: {prod: {aio: true}}\n")
    for each in (there, site):  # both want the same: that is no matter
        assert each.apply("--no-wait").code == 0
    site.write("providers: {}\n")
    planned = site.run("plan").out
    assert "[declared-elsewhere]" in planned
    command = f"kubectl -n {there.namespace} delete configmap,lease vddkctl-{there.namespace}"
    assert command in " ".join(planned.split())
    assert site.apply("--no-wait").code == 0
    assert there.settings("prod")["useVddkAioOptimization"] == "true"
    assert there.run("drift").code == 0
