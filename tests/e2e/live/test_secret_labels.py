"""The labels of Secrets that vddkctl has written are looked at, too; those of others only where something is written."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.live_sites import MERGE, LiveSite

CORE = "/api/v1"
KIND, RESOURCE = "createdForProviderType", "createdForResourceType"
OURS = {KIND: "vsphere", RESOURCE: "providers"}
SPEC = """\
providers:
  new:
    create:
      url: https://new.example.com/sdk
      credentials: {username: {env: VC_USER}, password: {file: ./password}}
      insecureSkipVerify: true
"""
RIGHT = {
    "user": "admin",
    "password": "s3same",
    "url": "https://new.example.com/sdk",
    "insecureSkipVerify": "true",
}


@pytest.fixture
def ready(site: LiveSite) -> LiveSite:
    """A site that wants one provider more."""
    (site.root / "password").write_text("s3same\n")
    site.write(SPEC)
    return replace(site, environment={"VC_USER": "admin"})


@pytest.fixture
def created(ready: LiveSite) -> LiveSite:
    """That provider is there, with its Secret."""
    ended = ready.apply()
    assert ended.code == 0, ended.err
    return ready


def secret(site: LiveSite) -> Any:
    return site.get("secrets", "new-credentials", group=CORE)


def labels(site: LiveSite) -> dict[str, str]:
    return dict(secret(site)["metadata"].get("labels") or {})


def label(site: LiveSite, **said: str | None) -> None:
    """Somebody sets labels, or takes them away."""
    path = site.path("secrets", "new-credentials", group=CORE) + "?fieldManager=somebody"
    assert site.server.request("PATCH", path, {"metadata": {"labels": said}}, kind=MERGE)[0] == 200


def adopted(site: LiveSite, values: Mapping[str, str], said: Mapping[str, str]) -> LiveSite:
    """The Secret is there, by somebody else."""
    body = {"metadata": {"name": "new-credentials", "labels": said}, "stringData": values}
    site.server.create(f"{site.path('secrets', group=CORE)}?fieldManager=installer", body)
    return site


def test_one_that_is_removed_is_drift_and_comes_back(created: LiveSite) -> None:
    label(created, **{KIND: None})
    ended = created.run("drift")
    assert ended.code == 3, ended.err
    assert f"labels.{KIND}\n        should be  vsphere\n        is         (not set)\n" in ended.out
    [change] = created.plan()["changes"]
    [field] = change["fields"]
    assert (field["path"], field.get("before"), field["after"]) == (
        f"metadata.labels.{KIND}",
        None,
        "vsphere",
    )
    assert not field.get("sensitive")
    assert created.apply().code == 0
    assert labels(created) == OURS
    assert created.run("drift").code == 0
    assert created.changing() == []


def test_one_that_is_changed_is_told_with_its_owner_and_is_a_conflict(created: LiveSite) -> None:
    label(created, **{KIND: "ovirt", RESOURCE: None, "team": "blue"})
    told = created.run("drift", "--output", "json")
    assert told.code == 3
    [change] = told.data["drift"]
    found = {each["path"]: each for each in change["fields"]}
    assert set(found) == {f"metadata.labels.{KIND}", f"metadata.labels.{RESOURCE}"}
    changed = found[f"metadata.labels.{KIND}"]
    assert (changed["before"], changed["after"], changed["owner"]) == ("ovirt", "vsphere", "somebody")
    assert changed["since"]
    assert f"{KIND} is somebody's: apply stops unless it is taken" in created.run("plan").out
    assert created.run("drift", "--heal", "--take", "*").code == 3
    assert created.apply().code == 1
    assert labels(created)[KIND] == "ovirt"
    assert created.apply("--take", "secret.*").code == 0
    assert labels(created) == {**OURS, "team": "blue"}
    assert b64decode(secret(created)["data"]["password"]) == b"s3same"
    assert created.run("drift").code == 0


def test_a_saved_plan_puts_it_back_or_finds_it_so(created: LiveSite) -> None:
    label(created, **{KIND: None})
    assert created.run("plan", "-o", "p.json").code == 0
    done = created.run("apply", "p.json")
    assert done.code == 0, done.err
    assert "new-credentials  updated" in done.out
    assert labels(created) == OURS
    label(created, **{KIND: None})
    assert created.run("plan", "-o", "p.json").code == 0
    label(created, **OURS)
    done = created.run("apply", "p.json")
    assert done.code == 0, done.err
    assert "new-credentials  was already so" in done.out


@pytest.mark.parametrize("said", [{}, {KIND: "ova"}])
def test_those_of_somebody_elses_secret_do_not_matter_where_it_is_right(
    ready: LiveSite, said: dict[str, str]
) -> None:
    adopted(ready, RIGHT, said)
    assert ready.changing() == ["provider.new"]
    ended = ready.apply()
    assert ended.code == 0, ended.err
    assert labels(ready) == said
    assert ready.changing() == []
    assert ready.run("drift").code == 0


def test_those_that_it_lacks_come_with_what_is_written(ready: LiveSite) -> None:
    adopted(ready, {key: value for key, value in RIGHT.items() if key != "password"}, {})
    [change, _] = ready.plan()["changes"]
    assert [field["path"] for field in change["fields"]] == [
        "data.password",
        f"metadata.labels.{KIND}",
        f"metadata.labels.{RESOURCE}",
    ]
    assert not any(field.get("conflict") for field in change["fields"])
    assert ready.run("drift").code != 3
    ended = ready.apply()
    assert ended.code == 0, ended.err
    assert labels(ready) == OURS
    assert ready.changing() == []
