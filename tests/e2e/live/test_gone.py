"""What somebody has removed altogether is told as gone, and hides no other drift."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.live_sites import MERGE, LiveSite

CORE = "/api/v1"
LOGIN = {"auths": {"harbor.example.com": {"auth": "cm9ib3Q6dDBrZW4="}}}
CREATE = """\
providers:
  new:
    aio: true
    create:
      url: https://new.example.com/sdk
      credentials: {username: {env: VC_USER}, password: {file: ./password}}
      insecureSkipVerify: true
"""


@pytest.fixture
def whole(site: LiveSite) -> LiveSite:
    """A provider's setting, a service account and a storage map, all applied."""
    (site.root / "auth.json").write_text(json.dumps(LOGIN))
    site.server.create(site.path("serviceaccounts", group=CORE), {"metadata": {"name": "puller"}})
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    entry = {"source": {"name": "ds1"}, "destination": {"storageClass": "fast"}}
    site.create("StorageMap", "storagemaps", "fast", {"provider": pair, "map": [entry]})
    site.write(
        "providers:\n  prod: {aio: true}\n"
        "pullSecrets:\n  vddk-pull: {registry: harbor.example.com, "
        f"namespaces: [{site.namespace}], serviceAccounts: [puller]}}\n"
        "storageMaps:\n  fast: {offload: {ds1: {vendor: flashsystem, secret: flash}}}\n"
    )
    ready = replace(site, environment={"REGISTRY_AUTH_FILE": str(site.root / "auth.json")})
    ended = ready.apply()
    assert ended.code == 0, ended.err
    return ready


@pytest.fixture
def created(site: LiveSite) -> LiveSite:
    """A provider that an apply has created, with its Secret."""
    (site.root / "password").write_text("s3same\n")
    site.write(CREATE)
    ready = replace(site, environment={"VC_USER": "admin"})
    ended = ready.apply()
    assert ended.code == 0, ended.err
    return ready


@pytest.mark.parametrize(
    ("kind", "path"),
    [("serviceaccount", f"{CORE} serviceaccounts puller"), ("storagemap", "- storagemaps fast")],
)
def test_an_object_that_is_gone_is_drift_beside_other_drift(whole: LiveSite, kind: str, path: str) -> None:
    group, plural, name = path.split()
    where = whole.path(plural, name, group=group) if group != "-" else whole.path(plural, name)
    whole.server.request("DELETE", where)
    whole.patch("providers", "prod", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})
    ended = whole.run("drift", "--output", "json")
    assert ended.code == 3, ended.err
    assert ended.data["gone"] == [f"{kind}.{whole.namespace}/{name}"]
    assert [each["address"] for each in ended.data["drift"]] == [f"provider.{whole.namespace}/prod"]
    planned = whole.run("plan")
    assert planned.code == 1
    assert f"{name} in tests, namespace {whole.namespace} (it was there at the last apply)" in planned.err


def test_the_rest_is_healed_and_what_is_gone_stays_so(whole: LiveSite) -> None:
    whole.server.request("DELETE", whole.path("storagemaps", "fast"))
    whole.patch("providers", "prod", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})
    ended = whole.run("drift", "--heal", "--take", "*")
    assert f"storagemap.{whole.namespace}/fast" in ended.out
    assert "it is gone, and is not made again unasked" in ended.err
    assert whole.settings("prod")["useVddkAioOptimization"] == "true"


def test_a_secret_that_is_gone_is_told_as_such_and_made_again(created: LiveSite) -> None:
    address = f"secret.{created.namespace}/new-credentials"
    created.server.request("DELETE", created.path("secrets", "new-credentials", group=CORE))
    ended = created.run("drift")
    assert ended.code == 3, ended.err
    assert f"≠ {address}\n      is gone: it was there at the last apply\n" in ended.out
    assert "Drift: 1 object gone.\n" in ended.out
    assert "password" not in ended.out
    told = created.run("drift", "--output", "json").data
    assert (told["gone"], told["drift"], told["pending"]) == ([address], [], [])
    planned = created.plan()
    assert [each["message"] for each in planned["warnings"] if each["address"] == address] == [
        "was there at the last apply, and is gone: an apply creates it again"
    ]
    healed = created.run("drift", "--heal", "--take", "*")
    assert healed.code == 3
    assert healed.err.count("it is gone, and is not made again unasked") == 1
    assert created.apply().code == 0
    assert created.run("drift").code == 0


def test_a_pull_secret_that_is_gone_is_told_as_such_until_nobody_wants_it(whole: LiveSite) -> None:
    whole.server.request("DELETE", whole.path("secrets", "vddk-pull", group=CORE))
    unknowing = replace(whole, environment={})
    for site in (whole, unknowing):
        told = site.run("drift", "--output", "json")
        assert told.code == 3
        assert told.data["gone"] == [f"secret.{whole.namespace}/vddk-pull"]
        assert told.data["drift"] == []
    whole.write("providers:\n  prod: {aio: true}\n")
    assert whole.run("drift", "--output", "json").data["gone"] == []


def test_a_created_provider_that_is_gone_is_not_pending_as_well(created: LiveSite) -> None:
    created.server.request("DELETE", created.path("providers", "new"))
    ended = created.run("drift")
    assert ended.code == 3, ended.err
    assert "Drift: 1 object gone.\n" in ended.out
    assert "ending" not in ended.out
    told = created.run("drift", "--output", "json").data
    assert (told["gone"], told["pending"]) == ([f"provider.{created.namespace}/new"], [])


def test_a_secret_that_comes_with_the_spec_is_pending(created: LiveSite) -> None:
    created.write(CREATE + CREATE.replace("providers:\n", "").replace("  new:", "  more:"))
    told = created.run("drift", "--output", "json")
    assert told.code == 0
    assert told.data["gone"] == []
    assert [each["address"].partition("/")[2] for each in told.data["pending"]] == [
        "more-credentials",
        "more",
    ]


def test_a_key_that_is_gone_is_drift_and_one_that_comes_with_the_spec_is_not(created: LiveSite) -> None:
    path = created.path("secrets", "new-credentials", group=CORE)
    created.server.request("PATCH", path + "?fieldManager=x", {"data": {"password": None}}, kind=MERGE)
    ended = created.run("drift")
    assert ended.code == 3, ended.err
    assert "password" in ended.out
    assert created.apply().code == 0
    (created.root / "ca.pem").write_text("a certificate\n")
    created.write(CREATE.replace("insecureSkipVerify: true", "caFile: ./ca.pem"))
    assert created.run("drift").code == 0


def test_a_created_provider_that_is_gone_is_created_again_and_the_plan_says_so(created: LiveSite) -> None:
    created.server.request("DELETE", created.path("providers", "new"))
    planned = created.run("plan")
    assert "is gone: an apply creates it again" in planned.out
    assert "forgets it" not in planned.out
    assert created.apply().code == 0
    assert created.settings("new")["useVddkAioOptimization"] == "true"


def without_entry(site: LiveSite) -> None:
    """Somebody takes the datastore's entry out of the storage map, and changes a provider."""
    other = {"source": {"name": "ds2"}, "destination": {"storageClass": "slow"}}
    site.patch("storagemaps", "fast", {"spec": {"map": [other]}}, manager="ui")
    site.patch("providers", "prod", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})


def test_an_entry_of_a_storage_map_that_is_gone_is_drift_beside_other_drift(whole: LiveSite) -> None:
    without_entry(whole)
    ended = whole.run("drift")
    assert ended.code == 3, ended.err
    told = " ".join(ended.out.split())
    assert f"storagemap.{whole.namespace}/fast map[ds1] by ui on " in told
    assert "is gone: it was there at the last apply" in told
    assert "useVddkAioOptimization" in told
    data = whole.run("drift", "--output", "json").data
    assert [each["address"].partition(".")[0] for each in data["drift"]] == ["provider", "storagemap"]
    assert [each["path"] for each in data["drift"][1]["fields"]] == ["spec.map[ds1]"]
    planned = whole.run("plan")
    assert planned.code == 1
    assert "has no entry for datastore ds1 (it was there at the last apply); it has: ds2" in planned.err
    assert whole.run("plan", "--target", "provider.*").code == 0


def test_an_entry_that_was_never_there_is_a_mistake_for_drift_as_well(whole: LiveSite) -> None:
    spec = (whole.root / "site.yaml").read_text()
    (whole.root / "site.yaml").write_text(spec.replace("{ds1:", "{ds7:"))
    ended = whole.run("drift")
    assert (ended.code, "no entry for datastore ds7; it has: ds1" in ended.err) == (1, True)


def test_the_rest_is_healed_and_an_entry_that_is_gone_stays_so(whole: LiveSite) -> None:
    without_entry(whole)
    ended = whole.run("drift", "--heal", "--take", "*")
    assert "map[ds1] is gone, and is not made again unasked" in ended.err
    assert whole.settings("prod")["useVddkAioOptimization"] == "true"
    assert [each["source"]["name"] for each in whole.get("storagemaps", "fast")["spec"]["map"]] == ["ds2"]


@pytest.mark.parametrize(("fields", "code"), [("", 0), ("fields: [vsphereXcopyConfig], ", 3)])
def test_the_loss_of_an_entry_can_be_ignored_as_that_of_an_object(
    whole: LiveSite, fields: str, code: int
) -> None:
    whole.patch("storagemaps", "fast", {"spec": {"map": []}}, manager="ui")
    ignore = f"{{address: 'storagemap.*', {fields}reason: on the move, until: '2999-12-31'}}"
    with (whole.root / "site.yaml").open("a") as spec:
        spec.write(f"drift: {{ignore: [{ignore}]}}\n")
    ended = whole.run("drift")
    assert (ended.code, "on the move" in ended.out) == (code, code == 0), ended.out + ended.err
