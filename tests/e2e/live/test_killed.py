"""A run that is killed, at any step: the next one finishes, and nothing is lost."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from tests.support.killing import killed
from tests.support.live_sites import IMAGE, MERGE, LiveSite

CORE = "/api/v1"
ENTRIES: list[dict[str, Any]] = [
    {"source": {"name": name}, "destination": {"storageClass": "fast"}} for name in ("d1", "d2")
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_run_that_is_killed_is_finished_by_the_next(site: LiveSite, number: int, when: str) -> None:
    killed(site, number, when, "apply", "--auto-approve")
    drift = site.run("drift")
    if "nothing was applied yet" in drift.err:  # it was killed before it wrote what it was about to do
        assert (drift.code, site.settings("prod")) == (1, {"sdkEndpoint": "vcenter"})
    else:
        assert drift.code == 0, "a run that was killed is nobody else"
    ended = site.apply()
    assert ended.code == 0, ended.err
    assert site.image == IMAGE
    assert site.settings("edge-berlin")["useVddkAioOptimization"] == "true"
    assert site.changing() == []
    site.write("providers: {}\n")
    assert site.apply().code == 0
    assert "vddk_image" not in site.get("forkliftcontrollers", "forklift-controller")["spec"]
    assert site.settings("prod") == {"sdkEndpoint": "vcenter"}


def lists(site: LiveSite, *, first: bool) -> str:
    """A spec that sets one entry of a service account and one of a storage map: this or that."""
    name, datastore = ("ps0", "d1") if first else ("ps1", "d2")
    place = f"registry: harbor.example.com, namespaces: [{site.namespace}], serviceAccounts: [default]"
    return (
        f"pullSecrets:\n  {name}: {{{place}}}\n"
        f"storageMaps:\n  m: {{offload: {{{datastore}: {{vendor: ontap, secret: q}}}}}}\n"
    )


@pytest.fixture
def listed(site: LiveSite) -> LiveSite:
    """A site whose first spec is applied."""
    (site.root / "auth.json").write_text('{"auths": {"harbor.example.com": {"auth": "cm9ib3Q6dDBrZW4="}}}')
    site.server.create(site.path("serviceaccounts", group=CORE), {"metadata": {"name": "default"}})
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    site.create("StorageMap", "storagemaps", "m", {"provider": pair, "map": deepcopy(ENTRIES)})
    site.write(lists(site, first=True))
    ready = replace(site, environment={"REGISTRY_AUTH_FILE": str(site.root / "auth.json")})
    assert ready.apply().code == 0
    return ready


def offloaded(site: LiveSite) -> list[str]:
    entries = site.get("storagemaps", "m")["spec"]["map"]
    return [each["source"]["name"] for each in entries if "offloadPlugin" in each]


def pulls(site: LiveSite) -> list[str]:
    account = site.get("serviceaccounts", "default", group=CORE)
    return [each["name"] for each in account.get("imagePullSecrets", [])]


@pytest.mark.parametrize(("number", "map_too"), [(4, False), (5, True)])
def test_what_a_killed_run_took_out_of_lists_is_nobodys_drift_when_the_old_spec_is_back(
    listed: LiveSite, number: int, map_too: bool
) -> None:
    listed.write(lists(listed, first=False))
    assert killed(listed, number, "after", "apply", "--auto-approve")
    assert (pulls(listed), offloaded(listed)) == (["ps1"], ["d2" if map_too else "d1"])
    assert listed.run("drift").code == 0
    listed.write(lists(listed, first=True))
    drift = listed.run("drift")
    assert drift.code == 0, drift.out
    assert "Pending: serviceaccount." in drift.out
    assert "changed by someone else" not in listed.run("plan").out
    ended = listed.apply()
    assert ended.code == 0, ended.err
    assert (pulls(listed), offloaded(listed)) == (["ps0"], ["d1"])
    assert listed.changing() == []


def test_what_somebody_took_out_of_lists_after_a_killed_run_is_drift(listed: LiveSite) -> None:
    listed.write(lists(listed, first=True).replace("vendor: ontap", "vendor: flashsystem"))
    assert killed(listed, 3, "after", "apply", "--auto-approve")
    assert listed.run("drift").code == 0
    listed.write(lists(listed, first=True))
    assert listed.run("drift").code == 0, "the vendor is what the run has set"
    assert "[conflict]" not in listed.run("plan").out
    listed.patch("storagemaps", "m", {"spec": {"map": ENTRIES}})
    account = listed.path("serviceaccounts", "default", group=CORE)
    listed.server.request("PATCH", account, {"imagePullSecrets": None}, kind=MERGE)
    drift = listed.run("drift")
    assert (drift.code, "2 fields of 2 addresses" in drift.out) == (3, True), drift.out
