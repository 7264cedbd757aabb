"""A live cluster as a spec: planning it right away changes nothing, and no secret is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import folders
from tests.support.live_sites import IMAGE, LiveSite
from vddkctl.site.load import load

KEYS = ("sdkEndpoint", "vddkInitImage", "useVddkAioOptimization", "vddkConfig")
PROVIDERS = ("prod", "test", "edge-berlin", "plain")
states = st.tuples(folders.IMAGES | st.none(), st.lists(folders.LIVE_SETTINGS, min_size=4, max_size=4))


def set_state(site: LiveSite, image: str | None, all_settings: list[dict[str, Any]]) -> None:
    """Empty texts are left out: this server refuses them."""
    site.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": image or None}})
    for name, said in zip(PROVIDERS, all_settings, strict=True):
        settings = {key: said.get(key) or None for key in KEYS}
        site.patch("providers", name, {"spec": {"settings": settings}})


@given(state=states)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_state_imported_plans_no_change(site: LiveSite, state: tuple[Any, list[dict[str, Any]]]) -> None:
    set_state(site, *state)
    ended = site.run("import", "--namespace", site.namespace, "-o", "site.yaml", "--force")
    assert ended.code == 0, ended.err
    planned = site.run("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.out + planned.err


def test_secrets_are_named_and_never_read(site: LiveSite) -> None:
    core = {"group": "/api/v1"}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "vddk-pull"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": '{"auths":{"h.io":{"auth":"aHVudGVyMg=="}}}'},
    }
    site.server.create(site.path("secrets", **core), body)
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default"},
        "imagePullSecrets": [{"name": "vddk-pull"}, {"name": "default-dockercfg-abcde"}],
    }
    site.server.create(site.path("serviceaccounts", **core), account)
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    offload = {"vsphereXcopyConfig": {"secretRef": "flash-credentials", "storageVendorProduct": "ontap"}}
    entries = [
        {"source": {"name": "ds.1"}, "destination": {"storageClass": "fast"}, "offloadPlugin": offload},
        {"source": {"id": "ds-2"}, "destination": {"storageClass": "slow"}},
    ]
    site.create("StorageMap", "storagemaps", "offload", {"provider": pair, "map": entries})
    site.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": IMAGE}})
    ended = site.run(
        "import", "--namespace", site.namespace, "--context", "tests", "-o", "site.yaml", "--force"
    )
    assert ended.code == 0, ended.err
    text = (site.root / "site.yaml").read_text()
    assert "# pullSecrets:\n#   vddk-pull:\n#     registry: registry.example.com " in text
    assert "dockercfg" not in text
    assert "aHVudGVyMg" not in text
    assert "hunter2" not in text
    spec = load(text, "site.yaml").site
    assert spec.cluster.context == "tests"
    assert spec.storage_maps["offload"].offload["ds.1"].secret == "flash-credentials"
    assert "ds-2" not in spec.storage_maps["offload"].offload
    planned = site.run("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.out + planned.err


def test_what_was_applied_imports_to_no_change(applied: LiveSite) -> None:
    for words in (("--name", applied.namespace), ("--name", "another")):
        ended = applied.run("import", "--namespace", applied.namespace, *words, "-o", "new.yaml", "--force")
        assert ended.code == 0, ended.err
        planned = applied.run("plan", "-f", "new.yaml", "--detailed-exitcode")
        assert planned.code == 0, planned.out + planned.err


def test_an_import_writes_nothing_to_the_cluster(site: LiveSite) -> None:
    before = [site.get("providers", name)["metadata"]["resourceVersion"] for name in PROVIDERS]
    ended = site.run("import", "--namespace", site.namespace)
    assert ended.code == 0, ended.err
    assert before == [site.get("providers", name)["metadata"]["resourceVersion"] for name in PROVIDERS]
    _, maps = site.server.request("GET", site.path("configmaps", group="/api/v1"))
    assert [one["metadata"]["name"] for one in maps["items"] if "vddkctl" in one["metadata"]["name"]] == []


def test_of_several_forklifts_one_has_to_be_named(site: LiveSite) -> None:
    other = replace(site, namespace=site.server.namespace("other"))
    other.create("ForkliftController", "forkliftcontrollers", "forklift-controller", {})
    ended = site.run("import")
    assert (ended.code, ended.out) == (1, "")
    assert "there are ForkliftControllers in " in ended.err
    assert "say which: -n NAMESPACE" in ended.err


def test_what_may_not_be_seen_is_left_out_and_told(site: LiveSite) -> None:
    forklift = ["forkliftcontrollers", "providers", "plans", "migrations"]
    rules = [{"apiGroups": ["forklift.konveyor.io"], "resources": forklift, "verbs": ["get", "list"]}]
    site.server.grant("reader", rules)
    records = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    site.server.grant("reader", records, site.namespace)
    site.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": IMAGE}})
    reader = replace(site, user="reader")
    ended = reader.run("import", "--namespace", site.namespace, "-o", "site.yaml", "--force")
    assert ended.code == 0, ended.err
    assert "Left out, since it cannot be seen: " in ended.err
    assert "storagemaps" in ended.err
    assert load((site.root / "site.yaml").read_text(), "site.yaml").site.controller.vddk_image == IMAGE
    assert reader.run("plan", "--detailed-exitcode").code == 0
