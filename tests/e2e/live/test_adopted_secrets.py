"""Secrets that somebody else has made: what is right in them is shared, what is not is taken or left to them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.live_sites import LiveSite

CORE = "/api/v1"
SPEC = """\
providers:
  prod:
    create:
      url: https://prod.example.com/sdk
      credentials: {username: {env: VC_USER}, password: {file: ./password}}
      insecureSkipVerify: true
"""
# By meaning what the spec asks for: line breaks are from an editor.
SAME = {"user": "admin\n", "url": "https://prod.example.com/sdk\n", "insecureSkipVerify": "true\n"}
RIGHT = {**SAME, "password": "s3same"}


@pytest.fixture
def wanting(site: LiveSite) -> LiveSite:
    """A site that declares the Secret of a provider that is there."""
    (site.root / "password").write_text("s3same\n")
    site.write(SPEC)
    return replace(site, environment={"VC_USER": "admin"})


def make(
    site: LiveSite, values: Mapping[str, str], labels: Mapping[str, str] | None = None, kind: str = "Opaque"
) -> None:
    body = {"metadata": {"name": "prod-secret", "labels": labels or {}}, "stringData": values, "type": kind}
    site.server.create(f"{site.path('secrets', group=CORE)}?fieldManager=installer", body)


def secret(site: LiveSite) -> Any:
    return site.get("secrets", "prod-secret", group=CORE)


def data(site: LiveSite) -> dict[str, str]:
    return {key: b64decode(value).decode() for key, value in secret(site)["data"].items()}


def managers(site: LiveSite, key: str) -> set[str]:
    entries = secret(site)["metadata"]["managedFields"]
    return {each["manager"] for each in entries if f"f:{key}" in each["fieldsV1"].get("f:data", {})}


def test_one_of_another_type_does_where_it_says_all_and_is_not_written(wanting: LiveSite) -> None:
    """Forklift looks at the values alone; no cluster lets a type be changed."""
    make(wanting, {**RIGHT, "username": "admin"}, kind="kubernetes.io/basic-auth")
    assert wanting.changing() == []
    assert "[secret-type]" not in wanting.run("plan").out
    (wanting.root / "password").write_text("another\n")
    ended = wanting.apply("--take", "*")
    assert (ended.code, data(wanting)["password"]) == (1, "s3same")
    assert "is of type kubernetes.io/basic-auth and must be Opaque" in ended.err


def test_values_of_equal_meaning_are_shared_without_a_conflict(wanting: LiveSite) -> None:
    make(wanting, SAME)
    ended = wanting.apply()
    assert ended.code == 0, ended.err
    assert data(wanting) == RIGHT
    assert managers(wanting, "user") == {"installer", "vddkctl"}
    assert wanting.changing() == []
    assert wanting.run("drift").code == 0


def test_one_that_says_it_all_is_as_it_should_be(wanting: LiveSite) -> None:
    make(wanting, RIGHT)
    before = secret(wanting)
    ended = wanting.apply()
    assert ended.code == 0, ended.err
    assert secret(wanting) == before


def test_only_what_differs_is_a_conflict_and_only_that_is_written_over(wanting: LiveSite) -> None:
    make(wanting, {**SAME, "password": "0ld"})
    refused = wanting.apply()
    assert refused.code == 1
    assert "data.password is installer's" in refused.err
    assert "data.user" not in refused.err
    assert data(wanting)["password"] == "0ld"
    assert wanting.apply("--take", "secret.*").code == 0
    assert data(wanting) == RIGHT
    assert (managers(wanting, "password"), managers(wanting, "user")) == (
        {"vddkctl"},
        {"installer", "vddkctl"},
    )


@pytest.mark.parametrize("how", ["option", "policy"])
def test_a_label_of_somebody_else_can_be_taken_too(wanting: LiveSite, how: str) -> None:
    make(wanting, SAME, {"createdForProviderType": "ova"})
    refused = wanting.apply()
    assert refused.code == 1
    assert "createdForProviderType" in refused.err
    assert "password" not in data(wanting)
    if how == "policy":
        wanting.write(SPEC + "policy: {conflicts: take}\n")
    ended = wanting.apply(*(["--take", "secret.*"] if how == "option" else []))
    assert ended.code == 0, ended.err
    assert secret(wanting)["metadata"]["labels"]["createdForProviderType"] == "vsphere"
    assert data(wanting) == RIGHT


def test_one_that_somebody_makes_after_the_plan_is_satisfied_if_it_is_right(wanting: LiveSite) -> None:
    assert wanting.run("plan", "-o", "p.json").code == 0
    make(wanting, RIGHT)
    ended = wanting.run("apply", "p.json")
    assert ended.code == 0, ended.err
    assert f"secret.{wanting.namespace}/prod-secret  was already so" in ended.out


def test_one_that_somebody_makes_after_the_plan_and_that_is_wrong_is_not_overwritten(
    wanting: LiveSite,
) -> None:
    assert wanting.run("plan", "-o", "p.json").code == 0
    make(wanting, {**RIGHT, "password": "0ther"})
    ended = wanting.run("apply", "p.json")
    assert ended.code == 1
    assert "it is there since the plan was made" in ended.err
    assert data(wanting)["password"] == "0ther"


def test_a_provider_that_somebody_makes_as_planned_is_satisfied(wanting: LiveSite) -> None:
    wanting.write(SPEC.replace("  prod:", "  new:"))
    assert wanting.run("plan", "-o", "p.json").code == 0
    body = {
        "type": "vsphere",
        "url": "https://prod.example.com/sdk",
        "secret": {"name": "new-credentials", "namespace": wanting.namespace},
    }
    wanting.create("Provider", "providers", "new", body)
    ended = wanting.run("apply", "p.json")
    assert ended.code == 0, ended.err
    assert f"provider.{wanting.namespace}/new  was already so" in ended.out
    assert wanting.changing() == []
