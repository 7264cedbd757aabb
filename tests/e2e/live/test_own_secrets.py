"""A login goes to the Secret that a provider had when vddkctl created or adopted it, whatever it names since."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as replace_fields

from tests.support.live_sites import MERGE, Ended, LiveSite
from vddkctl.plan.codec import decode_record, encode_record

CORE = "/api/v1"


def create(name: str, more: str = "") -> str:
    return f"""\
providers:
  {name}:
{more}    create:
      url: https://{name}.example.com/sdk
      credentials: {{username: {{env: VC_USER}}, password: {{file: ./password}}}}
      insecureSkipVerify: true
"""


@pytest.fixture
def ready(site: LiveSite) -> LiveSite:
    """A site with a login, to which nothing was applied yet."""
    (site.root / "password").write_text("s3same\n")
    return replace(site, environment={"VC_USER": "admin"})


@pytest.fixture
def created(ready: LiveSite) -> LiveSite:
    """A provider that an apply has created, with its Secret."""
    ready.write(create("new"))
    return done(ready)


@pytest.fixture
def adopted(ready: LiveSite) -> LiveSite:
    """A provider that was there, with a Secret that an apply has made."""
    ready.write(create("prod"))
    return done(ready)


@pytest.fixture
def tenant(ready: LiveSite) -> str:
    """A namespace of somebody else."""
    return ready.server.namespace("tenant")


def done(site: LiveSite, *words: str) -> LiveSite:
    ended = site.apply(*words)
    assert ended.code == 0, ended.out + ended.err
    return site


def names(site: LiveSite, provider: str, secret: str, namespace: str = "") -> None:
    """Somebody lets a provider name another Secret."""
    ref = {"name": secret, "namespace": namespace or site.namespace}
    site.patch("providers", provider, {"spec": {"secret": ref}}, kind=MERGE)


def named(site: LiveSite, provider: str) -> str:
    ref = site.get("providers", provider)["spec"]["secret"]
    return f"{ref['namespace']}/{ref['name']}"


def exists(site: LiveSite, secret: str, namespace: str = "") -> bool:
    path = f"{CORE}/namespaces/{namespace or site.namespace}/secrets/{secret}"
    return bool(site.server.request("GET", path)[0] == 200)


def password(site: LiveSite, secret: str) -> str:
    found = site.get("secrets", secret, group=CORE)
    return b64decode(found["data"]["password"]).decode()


def forget(site: LiveSite) -> None:
    """Make the record one of before: it does not say which Secret a provider has."""
    path = site.path("configmaps", f"vddkctl-{site.namespace}", group=CORE)
    record = decode_record(site.server.request("GET", path)[1]["data"]["record"].encode(), "the record")
    applied = {
        address: {}
        if address.startswith("secret.")
        else {p: v for p, v in known.items() if p != "spec.secret"}
        for address, known in record.applied.items()
    }
    body = {"data": {"record": encode_record(replace_fields(record, applied=applied)).decode()}}
    assert site.server.request("PATCH", path, body, kind=MERGE)[0] == 200


def field(ended: Ended) -> Any:
    [change] = ended.data["drift"]
    [found] = change["fields"]
    return change["address"], found


@pytest.mark.parametrize("record", ["of now", "of before"])
def test_another_secret_is_drift_and_a_conflict_and_gets_no_login(
    created: LiveSite, tenant: str, record: str
) -> None:
    if record == "of before":
        forget(created)
    (created.root / "password").write_text("0ther-words\n")
    names(created, "new", "mine", tenant)
    told = created.run("drift", "--output", "json")
    assert told.code == 3, told.err
    address, found = field(told)
    assert (address, found["path"]) == (f"provider.{created.namespace}/new", "spec.secret")
    assert (found["owner"], bool(found["since"]), found["conflict"]) == ("somebody", True, True)
    text = created.run("drift").out
    assert f"should be  {created.namespace}/new-credentials\n" in text
    assert f"is         {tenant}/mine\n" in text
    planned = created.run("plan").out
    assert f"secret   {tenant}/mine → {created.namespace}/new-credentials" in planned
    assert "secret is somebody's: apply stops unless it is taken" in planned
    assert "to let the provider have this one, take create out of the spec for one apply" in planned
    assert f"secret.{tenant}/mine" not in planned
    refused = created.apply()
    assert refused.code == 1
    values = f"'{tenant}/mine', and would be '{created.namespace}/new-credentials'"
    assert f"spec.secret is somebody's since {found['since']}: {values}" in refused.err
    assert not exists(created, "mine", tenant)
    assert password(created, "new-credentials") == "s3same"
    done(created, "--take", "provider.*")
    assert named(created, "new") == f"{created.namespace}/new-credentials"
    assert not exists(created, "mine", tenant)
    assert password(created, "new-credentials") == "0ther-words"
    assert created.changing() == []
    assert created.run("drift").code == 0


def test_the_policy_takes_it_back_too(created: LiveSite, tenant: str) -> None:
    names(created, "new", "mine", tenant)
    created.write(create("new") + "policy: {conflicts: take}\n")
    done(created)
    assert named(created, "new") == f"{created.namespace}/new-credentials"
    assert not exists(created, "mine", tenant)


@pytest.mark.parametrize("words", [(), ("--target", "secret.*")])
def test_an_adopted_provider_keeps_what_it_was_found_with(
    ready: LiveSite, tenant: str, words: tuple[str, ...]
) -> None:
    ready.write(create("prod"))
    adopted = done(ready, *words)
    before = adopted.get("providers", "prod")["metadata"]["managedFields"]
    assert {each["manager"] for each in before if "f:secret" in each["fieldsV1"].get("f:spec", {})} == {
        "installer"
    }
    names(adopted, "prod", "mine", tenant)
    assert adopted.changing() == ["provider.prod"]
    names(adopted, "prod", "another")
    assert adopted.changing() == ["provider.prod"]
    assert adopted.run("drift").code == 3
    assert adopted.apply().code == 1
    done(adopted, "--take", "provider.*")
    assert named(adopted, "prod") == f"{adopted.namespace}/prod-secret"
    assert not exists(adopted, "mine", tenant)
    assert not exists(adopted, "another")


def test_where_a_record_of_before_does_not_tell_nothing_is_written_elsewhere(
    adopted: LiveSite, tenant: str
) -> None:
    forget(adopted)
    names(adopted, "prod", "mine", tenant)
    ended = adopted.apply("--take", "*")
    assert ended.code == 1
    assert f"the provider prod names the Secret {tenant}/mine" in ended.err
    assert not exists(adopted, "mine", tenant)
    names(adopted, "prod", "prod-secret")
    names(done(adopted), "prod", "mine", tenant)
    assert adopted.changing() == ["provider.prod"]


def test_what_was_right_when_it_was_adopted_is_remembered_without_a_write(ready: LiveSite) -> None:
    values = {"user": "admin", "password": "s3same", "insecureSkipVerify": "true"}
    body = {
        "metadata": {"name": "prod-secret"},
        "stringData": {**values, "url": "https://prod.example.com/sdk"},
    }
    ready.server.create(ready.path("secrets", group=CORE), body)
    ready.write(create("prod"))
    assert ready.changing() == []
    names(done(ready), "prod", "another")
    assert ready.changing() == ["provider.prod"]


def test_another_setting_is_written_and_the_secret_stays_the_others(adopted: LiveSite) -> None:
    adopted.write(create("prod", "    aio: true\n"))
    done(adopted)
    entries = adopted.get("providers", "prod")["metadata"]["managedFields"]
    owners = {each["manager"] for each in entries if "f:secret" in each["fieldsV1"].get("f:spec", {})}
    assert owners == {"installer"}
    assert adopted.settings("prod")["useVddkAioOptimization"] == "true"


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve", "--take", "*"), ("drift",)])
def test_one_that_is_adopted_with_a_secret_elsewhere_is_a_mistake(
    ready: LiveSite, tenant: str, words: tuple[str, ...]
) -> None:
    done(ready)
    names(ready, "prod", "mine", tenant)
    ready.write(create("prod"))
    ended = ready.run(*words)
    assert ended.code == 1
    assert "site.yaml:7:5: the provider prod names the Secret " + f"{tenant}/mine" in ended.err
    assert f"let the provider name a Secret in {ready.namespace}, or take create out" in ended.err
    assert not exists(ready, "mine", tenant)
    assert not exists(ready, "prod-credentials")
    names(ready, "prod", "mine")
    done(ready, "--take", "*")
    assert password(ready, "mine") == "s3same"


def test_to_take_create_out_for_one_apply_forgets_the_secret(created: LiveSite) -> None:
    names(created, "new", "rotated")
    created.write("providers: {}\n")
    done(created)
    created.write(create("new"))
    assert created.changing() == ["secret.rotated"]


def test_a_provider_that_somebody_makes_anew_does_not_get_to_choose(created: LiveSite, tenant: str) -> None:
    created.server.request("DELETE", created.path("providers", "new"))
    spec = {
        "type": "vsphere",
        "url": "https://new.example.com/sdk",
        "secret": {"name": "mine", "namespace": tenant},
    }
    created.create("Provider", "providers", "new", spec)
    assert created.changing() == ["provider.new"]


def test_healing_takes_it_back_where_it_may(created: LiveSite, tenant: str) -> None:
    names(created, "new", "mine", tenant)
    told = created.run("drift", "--heal")
    assert told.code == 3
    assert "secret is somebody's since" in told.err
    assert named(created, "new") == f"{tenant}/mine"
    healed = created.run("drift", "--heal", "--take", "provider.*")
    assert healed.code == 0, healed.err
    assert named(created, "new") == f"{created.namespace}/new-credentials"


def test_a_rollback_leaves_it_and_says_so_and_forgets_nothing(created: LiveSite, tenant: str) -> None:
    forget(created)
    created.write(create("new", "    aio: true\n"))
    done(created)
    names(created, "new", "mine", tenant)
    ended = created.run("rollback", "1", "--auto-approve", "--take", "*")
    assert ended.code == 0, ended.err
    assert "secret was changed by somebody else since, and stays as it is" in ended.out + ended.err
    assert named(created, "new") == f"{tenant}/mine"
    assert not created.settings("new")
    created.write(create("new"))
    assert created.changing() == ["provider.new"]
    done(created, "--take", "provider.*")
    shown = created.run("history", "show", "4").out
    assert f"{tenant}/mine → {created.namespace}/new-credentials   taken from somebody" in shown
