"""Pull secrets: made of this machine's login, and added to what service accounts have."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

import pytest

from tests.support.live_sites import MERGE, LiveSite

HOST = "harbor.example.com"
TOKEN = "r0bot-t0ken"
CORE = "/api/v1"
SECRET = "vddk-pull"


def spec(*namespaces: str, accounts: str = "[default]") -> str:
    places = ", ".join(namespaces)
    return f"pullSecrets:\n  {SECRET}: {{registry: {HOST}, namespaces: [{places}], serviceAccounts: {accounts}}}\n"


def account(site: LiveSite, namespace: str, *secrets: str, name: str = "default") -> None:
    body: dict[str, Any] = {"metadata": {"name": name}}
    if secrets:
        body["imagePullSecrets"] = [{"name": secret} for secret in secrets]
    site.server.create(f"{CORE}/namespaces/{namespace}/serviceaccounts?fieldManager=somebody", body)


def pulls(site: LiveSite, namespace: str, name: str = "default") -> list[str]:
    _, found = site.server.request("GET", f"{CORE}/namespaces/{namespace}/serviceaccounts/{name}")
    return [entry["name"] for entry in found.get("imagePullSecrets", [])]


def pull_secret(site: LiveSite, namespace: str) -> Any:
    return site.server.request("GET", f"{CORE}/namespaces/{namespace}/secrets/{SECRET}")[1]


def log_in(site: LiveSite, token: str = TOKEN, host: str = HOST) -> None:
    auth = b64encode(f"robot:{token}".encode()).decode()
    (site.root / "auth.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


@pytest.fixture
def vms(site: LiveSite) -> str:
    """A namespace that machines migrate into."""
    return site.server.namespace("vms")


@pytest.fixture
def pulling(site: LiveSite, vms: str) -> LiveSite:
    """A site that wants a pull secret in two namespaces; the service account of one has another already."""
    log_in(site)
    account(site, site.namespace)
    account(site, vms, "quay-pull", "other-pull")
    site.write(spec(site.namespace, vms))
    return replace(site, environment={"REGISTRY_AUTH_FILE": str(site.root / "auth.json")})


def test_it_is_made_of_this_machines_login_and_added_to_what_is_there(pulling: LiveSite, vms: str) -> None:
    ended = pulling.apply("-vv")
    assert ended.code == 0, ended.err
    assert TOKEN not in ended.out + ended.err
    for namespace in (pulling.namespace, vms):
        found = pull_secret(pulling, namespace)
        assert found["type"] == "kubernetes.io/dockerconfigjson"
        [(host, login)] = json.loads(b64decode(found["data"][".dockerconfigjson"]))["auths"].items()
        assert (host, login["username"], login["password"]) == (HOST, "robot", TOKEN)
        assert b64decode(login["auth"]).decode() == f"robot:{TOKEN}"
    assert pulls(pulling, pulling.namespace) == [SECRET]
    assert pulls(pulling, vms) == ["quay-pull", "other-pull", SECRET]
    assert pulling.changing() == []
    assert pulling.run("drift").code == 0


@pytest.mark.parametrize("words", [(), ("--take", "*")])
def test_one_of_another_type_is_no_login_and_cannot_be_made_one(
    pulling: LiveSite, vms: str, words: tuple[str, ...]
) -> None:
    assert pulling.apply().code == 0
    right = pull_secret(pulling, vms)["data"]
    path = f"{CORE}/namespaces/{vms}/secrets"
    assert pulling.server.request("DELETE", f"{path}/{SECRET}")[0] == 200
    pulling.server.create(f"{path}?fieldManager=somebody", {"metadata": {"name": SECRET}, "data": right})
    planned = pulling.run("plan")
    assert (planned.code, "[secret-type]" in planned.out) == (0, True)
    assert "is of type Opaque and must be kubernetes.io/dockerconfigjson" in " ".join(planned.out.split())
    saved = pulling.run("plan", "-o", "saved", *words)
    for ended in (pulling.apply(*words), pulling.run("apply", "saved", "--no-wait")):
        assert (ended.code, "nothing was written" in ended.err) == (1, True), saved.err
        assert pull_secret(pulling, vms)["type"] == "Opaque"
    assert f"kubectl -n {vms} delete secret {SECRET}" in pulling.apply("--take", "*").err
    assert pulling.server.request("DELETE", f"{path}/{SECRET}")[0] == 200
    assert pulling.apply().code == 0
    assert pull_secret(pulling, vms)["type"] == "kubernetes.io/dockerconfigjson"


def test_taken_out_of_the_spec_the_entry_goes_and_the_others_stay(pulling: LiveSite, vms: str) -> None:
    assert pulling.apply().code == 0
    pulling.write(spec(pulling.namespace))
    ended = pulling.apply()
    assert ended.code == 0, ended.out + ended.err
    assert pulls(pulling, vms) == ["quay-pull", "other-pull"]
    assert pulls(pulling, pulling.namespace) == [SECRET]
    assert pull_secret(pulling, vms)["metadata"]["name"] == SECRET, "Secrets stay where they are"
    pulling.write("providers: {}\n")
    assert pulling.apply().code == 0
    assert pulls(pulling, pulling.namespace) == []
    assert pulling.changing() == []


def test_an_entry_of_the_same_name_that_is_there_already_is_no_second_one(
    pulling: LiveSite, vms: str
) -> None:
    path = f"{CORE}/namespaces/{vms}/serviceaccounts/default"
    pulling.server.request("PATCH", path, {"imagePullSecrets": [{"name": SECRET}]}, kind=MERGE)
    assert pulling.apply().code == 0
    assert pulls(pulling, vms) == [SECRET]


def test_an_entry_that_somebody_else_took_away_is_drift(pulling: LiveSite, vms: str) -> None:
    assert pulling.apply().code == 0
    path = f"{CORE}/namespaces/{vms}/serviceaccounts/default"
    pulling.server.request("PATCH", path, {"imagePullSecrets": [{"name": "quay-pull"}]}, kind=MERGE)
    ended = pulling.run("drift")
    assert (ended.code, f"serviceaccount.{vms}/default" in ended.out) == (3, True)
    assert pulling.apply().code == 0
    assert pulls(pulling, vms) == ["quay-pull", SECRET]


def test_a_new_login_is_written_everywhere(pulling: LiveSite, vms: str) -> None:
    assert pulling.apply().code == 0
    log_in(pulling, "an0ther")
    shown = pulling.run("plan")
    assert shown.out.count(".dockerconfigjson   (sensitive, changed)") == 2
    assert pulling.apply().code == 0
    assert b"an0ther" in b64decode(pull_secret(pulling, vms)["data"][".dockerconfigjson"])
    assert pulling.changing() == []


def test_one_that_kubectl_has_made_of_the_same_login_is_as_it_should_be(pulling: LiveSite, vms: str) -> None:
    words = (f"--docker-server={HOST}", "--docker-username=robot", f"--docker-password={TOKEN}")
    for namespace in (vms, pulling.namespace):
        pulling.server.kubectl("-n", namespace, "create", "secret", "docker-registry", SECRET, *words)
    assert [each.partition(".")[0] for each in pulling.changing()] == ["serviceaccount", "serviceaccount"]


def test_a_service_account_that_does_not_exist_is_a_mistake_with_its_place(
    pulling: LiveSite, vms: str
) -> None:
    pulling.write(spec(vms, accounts="[default, builder]"))
    ended = pulling.run("plan")
    assert ended.code == 1
    assert "site.yaml:6:" in ended.err
    assert f"no ServiceAccount builder in tests, namespace {vms}" in ended.err


def migrates_into(site: LiveSite, namespace: str, name: str = "wave-1") -> None:
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    maps = {"network": {"name": "n", **ref}, "storage": {"name": "s", **ref}}
    body = {"provider": pair, "targetNamespace": namespace, "map": maps, "vms": [{"id": "vm-1"}]}
    site.create("Plan", "plans", name, body)


def test_a_target_namespace_that_cannot_pull_is_warned_about(pulling: LiveSite, vms: str) -> None:
    elsewhere = pulling.server.namespace("elsewhere")
    account(pulling, elsewhere)
    migrates_into(pulling, vms)
    migrates_into(pulling, elsewhere, "wave-2")
    image = f"controller: {{vddkImage: {HOST}/vddk@sha256:{'a' * 64}}}\n"
    pulling.write(image + spec(pulling.namespace, vms))
    # Other tests have plans of their own in this cluster.
    ours = {f"serviceaccount.{namespace}/default" for namespace in (vms, elsewhere)}
    [warning] = [w for w in pulling.plan()["warnings"] if w["code"] == "cannot-pull" and w["address"] in ours]
    assert warning["address"] == f"serviceaccount.{elsewhere}/default"
    assert f"add {elsewhere} to pullSecrets.{SECRET}.namespaces" in warning["message"]
    pulling.write(image + spec(pulling.namespace, vms, elsewhere))
    assert not [w for w in pulling.plan()["warnings"] if w["code"] == "cannot-pull" and w["address"] in ours]


@pytest.fixture
def elsewhere(pulling: LiveSite) -> str:
    """A namespace that plans migrate into, where the default account has a secret that is not this site's."""
    namespace = pulling.server.namespace("elsewhere")
    account(pulling, namespace, "mine", "..")
    migrates_into(pulling, namespace)
    image = f"controller: {{vddkImage: {HOST}/team/vddk@sha256:{'a' * 64}}}\n"
    pulling.write(image + spec(pulling.namespace))
    return namespace


def warned(site: LiveSite, namespace: str) -> list[str]:
    """What the plan says of a namespace's default account."""
    ended = site.run("plan", "--output", "json", "-vv")
    assert ended.code == 0, ended.err
    assert TOKEN not in ended.out + ended.err
    mine = f"serviceaccount.{namespace}/default"
    return [
        w["message"] for w in ended.data["warnings"] if w["code"] == "cannot-pull" and w["address"] == mine
    ]


def docker_config(site: LiveSite, namespace: str, place: str, name: str = "mine") -> None:
    auth = b64encode(f"robot:{TOKEN}".encode()).decode()
    content = json.dumps({"auths": {place: {"auth": auth}}})
    body = {
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": content},
    }
    site.server.create(f"{CORE}/namespaces/{namespace}/secrets", body)


@pytest.mark.parametrize(
    "place", [HOST, f"https://{HOST}", f"{HOST}/team", f"https://{HOST}/v2/", "*.example.com"]
)
def test_a_namespace_that_pulls_with_another_secret_is_not_warned_about(
    pulling: LiveSite, elsewhere: str, place: str
) -> None:
    [message] = warned(pulling, elsewhere)
    assert f"has no pull secret for {HOST}: add {elsewhere} to" in message, "the secret is not there"
    docker_config(pulling, elsewhere, place)
    assert warned(pulling, elsewhere) == []
    blind = [{"apiGroups": ["forklift.konveyor.io"], "resources": ["*"], "verbs": ["*"]}]
    blind += [{"apiGroups": [""], "resources": ["serviceaccounts", "configmaps"], "verbs": ["get", "list"]}]
    pulling.server.grant("reader", blind, None)
    own = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    pulling.server.grant("reader", own, pulling.namespace)
    [message] = warned(replace(pulling, user="reader"), elsewhere)
    assert f"none of this site's pull secrets for {HOST}; whether mine is for it is not seen: add" in message


@pytest.mark.parametrize("place", ["quay.io", f"{HOST}/others", f"not-{HOST}"])
def test_a_secret_for_another_registry_does_not_pull(pulling: LiveSite, elsewhere: str, place: str) -> None:
    docker_config(pulling, elsewhere, place)
    [message] = warned(pulling, elsewhere)
    assert f"has no pull secret for {HOST}: add" in message


def test_a_secret_of_another_type_does_not_pull_and_one_of_the_old_type_does(
    pulling: LiveSite, elsewhere: str
) -> None:
    path = f"{CORE}/namespaces/{elsewhere}/secrets"
    content = json.dumps({HOST: {"username": "robot", "password": TOKEN}})
    pulling.server.create(path, {"metadata": {"name": "mine"}, "stringData": {".dockercfg": content}})
    assert len(warned(pulling, elsewhere)) == 1
    assert pulling.server.request("DELETE", f"{path}/mine")[0] == 200
    old = {
        "metadata": {"name": "mine"},
        "type": "kubernetes.io/dockercfg",
        "stringData": {".dockercfg": content},
    }
    pulling.server.create(path, old)
    assert warned(pulling, elsewhere) == []


def test_the_advice_names_what_is_lacking(pulling: LiveSite, elsewhere: str) -> None:
    image = f"controller: {{vddkImage: {HOST}/team/vddk@sha256:{'a' * 64}}}\n"
    pulling.write(image + spec(pulling.namespace, elsewhere, accounts="[]"))
    [message] = warned(pulling, elsewhere)
    assert message.endswith(f": add default to pullSecrets.{SECRET}.serviceAccounts")
    pulling.write(image + spec(pulling.namespace, accounts="[]"))
    [message] = warned(pulling, elsewhere)
    assert message.endswith(
        f"add {elsewhere} to pullSecrets.{SECRET}.namespaces, and default to its serviceAccounts"
    )
    pulling.write(image)
    assert warned(pulling, elsewhere) == [], "without pull secrets a registry may be anybody's"


def test_a_registry_without_a_login_is_told(pulling: LiveSite, vms: str) -> None:
    (pulling.root / "auth.json").write_text('{"auths": {}}')
    ended = pulling.apply()
    assert ended.code == 1
    assert f"{HOST}: this machine has no login for it" in ended.err
    assert f"podman login {HOST}" in ended.err
    assert pulls(pulling, vms) == ["quay-pull", "other-pull"]
    assert pulling.server.request("GET", f"{CORE}/namespaces/{vms}/secrets/{SECRET}")[0] == 404


def test_a_namespace_that_does_not_exist_is_told_and_nothing_is_written(pulling: LiveSite, vms: str) -> None:
    pulling.write(spec(vms, "nowhere-at-all", accounts="[]"))
    ended = pulling.apply()
    assert ended.code == 1
    assert "nowhere-at-all" in ended.err
    assert pull_secret(pulling, vms)["kind"] == "Status"


def test_a_list_that_moves_between_look_and_write_is_extended_all_the_same(
    pulling: LiveSite, vms: str
) -> None:
    assert pulling.run("plan", "-o", "p.json").code == 0
    path = f"{CORE}/namespaces/{vms}/serviceaccounts/default"
    pulling.server.request("PATCH", path, {"imagePullSecrets": [{"name": "new"}]}, kind=MERGE)
    ended = pulling.run("apply", "p.json")
    assert ended.code == 0, ended.err
    assert pulls(pulling, vms) == ["new", SECRET]
