"""Providers that the spec creates, and their Secrets: written from this machine, and shown nowhere."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from tests.support.live_sites import IMAGE, OTHER, Ended, LiveSite
from tests.support.terminal import at_terminal

PASSWORD = "s3same-open"
CREATE = """\
providers:
  new:
    create:
      url: https://vcenter.example.com/sdk
      credentials: {username: {env: VC_USER}, password: {file: ./password}}
      caFile: ./ca.pem
"""
USER = {"VC_USER": "admin@vsphere.local"}


@pytest.fixture
def creating(site: LiveSite) -> LiveSite:
    """A site that wants one provider more."""
    (site.root / "password").write_text(PASSWORD + "\n")
    (site.root / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    site.write(CREATE)
    return replace(site, environment=USER)


def data(site: LiveSite, name: str = "new-credentials") -> dict[str, str]:
    found = site.get("secrets", name, group="/api/v1")["data"]
    return {key: b64decode(value).decode() for key, value in found.items()}


def create_secret(site: LiveSite, name: str, **values: str) -> None:
    path = site.path("secrets", group="/api/v1")
    site.server.create(path, {"metadata": {"name": name}, "stringData": values})


def done(ended: Ended) -> Ended:
    assert ended.code == 0, ended.out + ended.err
    return ended


def test_a_provider_is_created_with_its_secret_and_then_there_is_nothing_to_do(creating: LiveSite) -> None:
    done(creating.apply())
    assert creating.get("providers", "new")["spec"] == {
        "type": "vsphere",
        "url": "https://vcenter.example.com/sdk",
        "secret": {"name": "new-credentials", "namespace": creating.namespace},
    }
    assert data(creating) == {
        "user": "admin@vsphere.local",
        "password": PASSWORD,
        "url": "https://vcenter.example.com/sdk",
        "insecureSkipVerify": "false",
        "ca.crt": (creating.root / "ca.pem").read_text().removesuffix("\n"),
    }
    secret = creating.get("secrets", "new-credentials", group="/api/v1")
    assert secret["metadata"]["labels"] == {
        "createdForProviderType": "vsphere",
        "createdForResourceType": "providers",
    }
    assert creating.changing() == []
    assert creating.run("drift").code == 0


def test_settings_are_there_from_the_first_moment(creating: LiveSite) -> None:
    creating.write(CREATE.replace("  new:\n", f"  new:\n    vddkImage: {IMAGE}\n    aio: true\n"))
    done(creating.apply())
    assert creating.settings("new") == {"vddkInitImage": IMAGE, "useVddkAioOptimization": "true"}
    assert creating.get("providers", "new")["metadata"]["generation"] == 1
    assert creating.changing() == []


def test_the_default_image_acts_where_no_other_level_has_one(creating: LiveSite) -> None:
    creating = replace(creating, environment={**USER, "MTV_VDDK_INIT_IMAGE": OTHER})
    done(creating.apply())
    assert creating.settings("new") == {"vddkInitImage": OTHER}
    assert creating.changing() == []
    assert replace(creating, environment=USER).changing() == []
    explained = creating.run("explain", "new").out
    assert "new uses registry.example.com/vddk@sha256:bbbbbbbb…\n  1  provider " in explained
    creating.write(CREATE.replace("  new:\n", "  new:\n    aio: true\n"))
    done(replace(creating, environment=USER).apply())
    assert creating.settings("new") == {"vddkInitImage": OTHER, "useVddkAioOptimization": "true"}


def test_an_image_that_a_created_provider_declared_is_given_back(creating: LiveSite) -> None:
    creating.write(CREATE.replace("  new:\n", f"  new:\n    vddkImage: {IMAGE}\n"))
    done(creating.apply())
    creating.write(CREATE)
    done(creating.apply())
    assert creating.settings("new") == {}


@pytest.mark.parametrize("at", ["provider", "controller", "controller that exists"])
def test_the_default_image_gives_way_to_any_other(creating: LiveSite, at: str) -> None:
    spec = CREATE
    if at == "provider":
        spec = CREATE.replace("  new:\n", f"  new:\n    vddkImage: {IMAGE}\n")
    elif at == "controller":
        spec = f"controller: {{vddkImage: {IMAGE}}}\n{CREATE}"
    else:
        creating.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": IMAGE}})
    creating.write(spec)
    creating = replace(creating, environment={**USER, "MTV_VDDK_INIT_IMAGE": OTHER})
    done(creating.apply())
    assert creating.settings("new").get("vddkInitImage") == (IMAGE if at == "provider" else None)
    assert creating.changing() == []


def test_explain_tells_the_default_from_levels_that_act(creating: LiveSite) -> None:
    creating = replace(creating, environment={**USER, "MTV_VDDK_INIT_IMAGE": OTHER})
    explained = creating.run("explain", "plain").out
    assert re.search(r"environment +MTV_VDDK_INIT_IMAGE +.*acts only when a provider is created", explained)


def test_explain_has_a_provider_that_is_to_be_created(creating: LiveSite) -> None:
    address = f"provider.{creating.namespace}/new"
    explained = creating.run("explain", "new")
    assert explained.out.startswith(f"{address} is to be created, and will use no VDDK image")
    with_default = replace(creating, environment={**USER, "MTV_VDDK_INIT_IMAGE": OTHER})
    [line] = [line for line in with_default.run("explain", "new").out.splitlines() if "MTV_VDDK" in line]
    assert line.endswith("◀ wins")
    creating.write(CREATE.replace("  new:\n", f"  new:\n    vddkImage: {IMAGE}\n"))
    explained = with_default.run("explain", "new")
    assert re.search(r"provider +vddkInitImage .*◀ wins +site.yaml:7\n", explained.out)
    assert re.search(r"environment +MTV_VDDK_INIT_IMAGE .* shadowed\n", explained.out)
    [found] = with_default.run("explain", "new", "--output", "json").data["providers"]
    assert (found["exists"], found["image"], found["plannedImage"]) == (False, None, IMAGE)
    assert address in creating.run("explain").out


def test_a_provider_to_be_is_warned_about_as_any_other(creating: LiveSite) -> None:
    creating.write(
        CREATE.replace(
            "  new:\n", "  new:\n    vddkImage: registry.example.com/vddk:8\n    buffers: xlarge\n"
        )
    )
    found = [w["code"] for w in creating.plan()["warnings"] if w["address"].endswith("/new")]
    assert found == ["not-pinned", "buffers-over-limit", "buffers-inert"]


def test_a_password_that_changed_is_written_and_not_shown(creating: LiveSite) -> None:
    done(creating.apply())
    (creating.root / "password").write_text("0ther-words\n")
    shown = creating.run("plan")
    assert "password   (sensitive, changed)" in shown.out
    assert "user" not in shown.out.partition("secret.")[2].partition("Plan:")[0]
    ended = done(creating.apply())
    assert data(creating)["password"] == "0ther-words"
    for text in (shown.out, shown.err, ended.out, ended.err):
        assert PASSWORD not in text
        assert "0ther-words" not in text
    assert creating.changing() == []


def test_what_somebody_else_made_of_the_secret_is_drift(creating: LiveSite) -> None:
    done(creating.apply())
    path = creating.path("secrets", "new-credentials", group="/api/v1") + "?fieldManager=somebody"
    creating.server.request(
        "PATCH", path, {"stringData": {"password": "th3irs"}}, kind="application/merge-patch+json"
    )
    ended = creating.run("drift")
    assert ended.code == 3
    assert "somebody" in ended.out
    assert "th3irs" not in ended.out
    refused = creating.apply("-vv")
    assert (refused.code, "th3irs" in refused.err + refused.out) == (1, False)
    done(creating.apply("--take", f"secret.{creating.namespace}/new-credentials"))
    assert data(creating)["password"] == PASSWORD
    assert creating.run("drift").code == 0


def test_the_value_appears_nowhere(creating: LiveSite) -> None:
    texts = [creating.run("plan", "-vv", "-o", "p.json"), creating.run("plan", "--output", "json")]
    saved = (creating.root / "p.json").read_text()
    texts += [creating.run("show", "p.json"), done(creating.apply("-vv", "--output", "json"))]
    (creating.root / "password").write_text("0ther-words\n")
    texts += [creating.run(word, "-vv") for word in ("plan", "drift", "explain")]
    record = creating.get("configmaps", f"vddkctl-{creating.namespace}", group="/api/v1")
    provider = creating.get("providers", "new")
    for value in (PASSWORD, "0ther-words", USER["VC_USER"]):
        for form in (value, b64encode(value.encode()).decode()):
            for ended in texts:
                assert form not in ended.out + ended.err
            assert form not in saved
            assert form not in str(record)
            assert form not in str(provider)


def test_the_value_is_in_no_error(creating: LiveSite) -> None:
    creating.server.grant("reader", READER)
    looking = replace(creating, user="reader")
    refused = looking.apply("-vv")
    (creating.root / "password").write_text(PASSWORD * 200_000)
    for ended in (refused, creating.apply("-vv")):
        assert ended.code == 1
        assert PASSWORD not in ended.out + ended.err
        assert "Traceback" not in ended.err


READER = [
    {"apiGroups": ["forklift.konveyor.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list"]},
]


@pytest.mark.parametrize(
    ("environment", "gone", "said"),
    [
        ({"VC_USER": ""}, None, "the variable VC_USER is not set; export VC_USER=…\n"),
        (USER, "password", "./password: cannot be read: No such file or directory"),
        (USER, "ca.pem", "./ca.pem: cannot be read: No such file or directory"),
    ],
)
def test_a_value_that_is_not_there_stops_before_anything_is_written(
    creating: LiveSite, environment: dict[str, str], gone: str | None, said: str
) -> None:
    if gone:
        (creating.root / gone).unlink()
    site = replace(creating, environment=environment)
    site.write(f"controller: {{vddkImage: {IMAGE}}}\n{CREATE}")
    planned = site.run("plan")
    assert planned.code == 0
    assert f"apply will refuse: {said.partition(';')[0]}" in planned.out
    ended = site.apply()
    assert ended.code == 1
    assert said in ended.err + "\n"
    assert site.image is None
    assert site.server.request("GET", site.path("providers", "new"))[0] == 404
    (site.root / "password").write_text(PASSWORD)
    (site.root / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    done(replace(site, environment=USER).apply())


def test_all_values_that_are_not_there_are_told_at_once_and_everywhere_the_same(creating: LiveSite) -> None:
    (creating.root / "ca.pem").unlink()
    site = replace(creating, environment={})
    why = ("the variable VC_USER is not set", "./ca.pem: cannot be read: No such file or directory")
    tried = site.run("plan", "--dry-run=server").out
    assert "cannot-be-written" not in tried
    for text in (site.run("plan").out, tried, site.run("explain", "new").err):
        assert f"new-credentials{':' if 'Plan:' in text else ''} is to be made" in text
        assert f"apply will refuse: {', '.join(why)}" in text
    for ended in (site.apply(), site.apply("--dry-run=server")):
        assert ended.code == 1
        assert "nothing was written, since values of Secrets are missing:\n" in ended.err
        for each in why:
            assert f"  secret.{site.namespace}/new-credentials: {each}" in ended.err


def test_nobody_is_asked_about_a_plan_that_lacks_a_value(creating: LiveSite) -> None:
    environment = {"KUBECONFIG": str(creating.server.kubeconfig())}
    done = at_terminal("apply", cwd=creating.root, env=environment)
    assert done.code == 1
    assert "values of Secrets are missing" in done.out
    assert "Apply this plan?" not in done.out


def test_a_value_is_not_needed_where_its_secret_does_not_change(creating: LiveSite) -> None:
    done(creating.apply())
    (creating.root / "password").unlink()
    shown = creating.run("plan", "--detailed-exitcode")
    assert (shown.code, "secret-not-compared" in shown.out) == (0, True)
    done(creating.apply())
    assert data(creating)["password"] == PASSWORD


def test_a_provider_that_exists_keeps_the_secret_that_it_names(creating: LiveSite) -> None:
    create_secret(
        creating, "prod-secret", user="old", password="old", url="https://prod.example.com/sdk", extra="kept"
    )
    creating.write(CREATE.replace("  new:", "  prod:").replace("vcenter.example.com", "prod.example.com"))
    ended = creating.apply("--take", f"secret.{creating.namespace}/prod-secret")
    done(ended)
    assert creating.get("providers", "prod")["spec"]["secret"]["name"] == "prod-secret"
    assert data(creating, "prod-secret")["password"] == PASSWORD
    assert data(creating, "prod-secret")["extra"] == "kept"
    assert (
        creating.server.request("GET", creating.path("secrets", "prod-credentials", group="/api/v1"))[0]
        == 404
    )
    assert creating.changing() == []


def test_a_provider_that_is_taken_out_of_the_spec_stays(creating: LiveSite) -> None:
    done(creating.apply())
    creating.write("providers: {}\n")
    assert creating.changing() == []
    done(creating.apply())
    assert creating.get("providers", "new")["spec"]["url"] == "https://vcenter.example.com/sdk"
    assert data(creating)["password"] == PASSWORD


def test_a_provider_that_comes_after_the_plan_is_not_overwritten(creating: LiveSite) -> None:
    assert creating.run("plan", "-o", "p.json").code == 0
    creating.provider("new")
    ended = creating.run("apply", "p.json")
    assert ended.code == 1
    assert "it is there since the plan was made" in ended.err
    assert creating.get("providers", "new")["spec"]["url"] == "https://new.example.com/sdk"


def test_later_changes_leave_the_rest_of_a_created_provider_alone(creating: LiveSite) -> None:
    done(creating.apply())
    begun = creating.get("providers", "new")["spec"]
    creating.write(CREATE.replace("  new:\n", "  new:\n    aio: true\n"))
    done(creating.apply())
    now = creating.get("providers", "new")["spec"]
    assert now == {**begun, "settings": {"useVddkAioOptimization": "true"}}
    creating.write("providers: {}\n")
    done(creating.apply())
    now = creating.get("providers", "new")["spec"]
    assert {key: now.get(key) for key in begun} == begun
    assert not now.get("settings")
    assert creating.changing() == []


@pytest.mark.parametrize("value", ["not an image!!", "vddk:8", "oci:images:1"])
def test_a_default_image_that_is_none_is_told_by_its_variable(creating: LiveSite, value: str) -> None:
    creating = replace(creating, environment={**USER, "MTV_VDDK_INIT_IMAGE": value})
    ended = creating.run("plan")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: MTV_VDDK_INIT_IMAGE: ")
    assert creating.apply().code == 1
