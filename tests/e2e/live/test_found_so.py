"""What was so before it was declared stays when it is declared no more: it is not ours to take away."""

from __future__ import annotations

import pytest

from tests.e2e.live.test_pull_secrets import CORE, SECRET, pulling, pulls, spec, vms
from tests.e2e.live.test_storage_maps import ENTRIES, SPEC, entries, mapped, set_entries, with_offload
from tests.support.live_sites import MERGE, LiveSite

__all__ = ["mapped", "pulling", "vms"]

NONE = "providers: {}\n"


def set_pulls(site: LiveSite, namespace: str, *names: str) -> None:
    path = f"{CORE}/namespaces/{namespace}/serviceaccounts/default?fieldManager=somebody"
    site.server.request("PATCH", path, {"imagePullSecrets": [{"name": n} for n in names]}, kind=MERGE)


def undeclared(site: LiveSite) -> None:
    site.write(NONE)
    ended = site.apply()
    assert ended.code == 0, ended.err
    assert site.changing() == []


@pytest.fixture
def found(pulling: LiveSite, vms: str) -> LiveSite:
    """One of two service accounts had the secret before."""
    set_pulls(pulling, vms, "quay-pull", SECRET)
    assert pulling.apply().code == 0
    return pulling


def test_an_entry_that_was_there_stays_and_one_that_was_set_goes(found: LiveSite, vms: str) -> None:
    assert found.apply().code == 0  # nothing to do, and nothing forgotten
    undeclared(found)
    assert pulls(found, vms) == ["quay-pull", SECRET]
    assert pulls(found, found.namespace) == []


def test_one_that_somebody_took_away_is_drift_and_ours_once_it_is_put_back(found: LiveSite, vms: str) -> None:
    set_pulls(found, vms, "quay-pull")
    assert found.run("drift").code == 3
    assert found.apply().code == 0
    assert pulls(found, vms) == ["quay-pull", SECRET]
    undeclared(found)
    assert pulls(found, vms) == ["quay-pull"]


def test_a_rollback_leaves_it_too(pulling: LiveSite, vms: str) -> None:
    pulling.write("providers: {prod: {aio: true}}\n")
    assert pulling.apply().code == 0
    set_pulls(pulling, vms, "quay-pull", SECRET)
    pulling.write("providers: {prod: {aio: true}}\n" + spec(pulling.namespace, vms))
    assert pulling.apply().code == 0
    assert pulling.run("rollback", "1", "--auto-approve").code == 0
    assert pulls(pulling, vms) == ["quay-pull", SECRET]
    assert pulls(pulling, pulling.namespace) == []


def test_of_two_sites_the_last_one_takes_away_what_the_first_one_set(pulling: LiveSite, vms: str) -> None:
    assert pulling.apply().code == 0
    head = (pulling.root / "site.yaml").read_text().replace(f"name: {pulling.namespace}", "name: other", 1)
    other = pulling.root / "other.yaml"
    other.write_text(head)
    assert pulling.apply("-f", "other.yaml").code == 0
    undeclared(pulling)
    assert SECRET in pulls(pulling, vms)
    other.write_text(head.partition("pullSecrets:")[0] + NONE)
    assert pulling.apply("-f", "other.yaml").code == 0
    assert pulls(pulling, vms) == ["quay-pull", "other-pull"]


def test_offload_settings_that_were_there_stay_and_those_that_were_set_go(mapped: LiveSite) -> None:
    set_entries(mapped, with_offload(0))
    ended = mapped.apply()
    assert ended.code == 0, ended.err
    assert entries(mapped) == with_offload(0, 1)
    assert mapped.apply().code == 0
    undeclared(mapped)
    assert entries(mapped) == with_offload(0)


def test_offload_settings_that_were_found_and_taken_since_are_ours(mapped: LiveSite) -> None:
    set_entries(mapped, with_offload(0, 1))
    assert mapped.apply().code == 0
    mapped.write(SPEC.replace("flashsystem", "ontap"))
    assert mapped.apply("--take", "*").code == 0
    assert entries(mapped)[0]["offloadPlugin"]["vsphereXcopyConfig"]["storageVendorProduct"] == "ontap"
    undeclared(mapped)
    assert entries(mapped) == ENTRIES
