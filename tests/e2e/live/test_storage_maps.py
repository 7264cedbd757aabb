"""Storage maps: offload settings on the entries of the datastores, and nothing else is touched."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.support.live_sites import IMAGE, MERGE, LiveSite

NEW = {"secretRef": "flash-credentials", "storageVendorProduct": "flashsystem"}
OLD = {"secretRef": "ontap-credentials", "storageVendorProduct": "ontap"}
ENTRIES: list[dict[str, Any]] = [
    {"source": {"name": "datastore.1"}, "destination": {"storageClass": "fast"}},
    {"source": {"id": "datastore-42"}, "destination": {"storageClass": "slow"}},
    {
        "source": {"name": "other"},
        "destination": {"storageClass": "slow"},
        "offloadPlugin": {"vsphereXcopyConfig": OLD},
    },
]
SPEC = """\
storageMaps:
  offload:
    offload:
      datastore.1: {vendor: flashsystem, secret: flash-credentials}
      datastore-42: {vendor: flashsystem, secret: flash-credentials}
"""


@pytest.fixture
def mapped(site: LiveSite) -> LiveSite:
    """A site with a storage map."""
    ref = {"namespace": site.namespace}
    pair = {"source": {"name": "prod", **ref}, "destination": {"name": "host", **ref}}
    site.create("StorageMap", "storagemaps", "offload", {"provider": pair, "map": ENTRIES})
    site.write(SPEC)
    return site


def entries(site: LiveSite) -> Any:
    return site.get("storagemaps", "offload")["spec"]["map"]


def with_offload(*wanted: int) -> list[dict[str, Any]]:
    found = deepcopy(ENTRIES)
    for number in wanted:
        found[number]["offloadPlugin"] = {"vsphereXcopyConfig": NEW}
    return found


def set_entries(site: LiveSite, found: list[dict[str, Any]]) -> None:
    site.patch("storagemaps", "offload", {"spec": {"map": found}})


def test_entries_are_found_by_name_or_id_and_others_stay(mapped: LiveSite) -> None:
    ended = mapped.apply()
    assert ended.code == 0, ended.err
    assert entries(mapped) == with_offload(0, 1)
    assert mapped.changing() == []
    assert mapped.run("drift").code == 0


def test_other_keys_of_an_entry_stay(mapped: LiveSite) -> None:
    hosts = {"dedicatedMigrationHosts": ["esx-1"]}
    found = deepcopy(ENTRIES)
    found[0]["offloadPlugin"] = {"vsphereXcopyConfig": {**OLD, **hosts}}
    set_entries(mapped, found)
    refused = mapped.apply()
    assert refused.code == 1
    assert "take them with --take" in refused.err
    assert entries(mapped)[0] == found[0]
    assert mapped.apply("--take", "storagemap.*").code == 0
    assert entries(mapped)[0]["offloadPlugin"]["vsphereXcopyConfig"] == {**NEW, **hosts}
    assert mapped.changing() == []


def test_entries_that_are_put_in_another_order_meanwhile_are_found_all_the_same(mapped: LiveSite) -> None:
    assert mapped.run("plan", "-o", "p.json").code == 0
    set_entries(mapped, ENTRIES[::-1])
    ended = mapped.run("apply", "p.json")
    assert ended.code == 0, ended.err
    assert entries(mapped) == with_offload(0, 1)[::-1]


def test_an_entry_that_is_gone_stops_before_anything_is_written(mapped: LiveSite) -> None:
    mapped.write(f"controller: {{vddkImage: {IMAGE}}}\n{SPEC}")
    assert mapped.run("plan", "-o", "p.json").code == 0
    set_entries(mapped, ENTRIES[1:])
    ended = mapped.run("apply", "p.json")
    assert ended.code == 1
    assert "datastore.1" in ended.err
    assert (mapped.image, entries(mapped)) == (None, ENTRIES[1:])


def test_a_map_that_does_not_exist_is_a_mistake_with_its_place(mapped: LiveSite) -> None:
    mapped.write(SPEC.replace("  offload:\n    off", "  none:\n    off"))
    ended = mapped.run("plan")
    assert ended.code == 1
    assert "site.yaml:6:3" in ended.err
    assert f"no StorageMap none in tests, namespace {mapped.namespace}" in ended.err


def test_a_datastore_that_does_not_exist_is_a_mistake_that_says_what_there_is(mapped: LiveSite) -> None:
    mapped.write(SPEC.replace("datastore.1", "datastore.2"))
    ended = mapped.run("plan")
    assert ended.code == 1
    assert "site.yaml:8:7" in ended.err
    assert "no entry for datastore datastore.2; it has: datastore-42, datastore.1, other" in ended.err


def test_a_vendor_that_forklift_does_not_know_is_refused_before_anything_is_written(mapped: LiveSite) -> None:
    mapped.write(
        f"controller: {{vddkImage: {IMAGE}}}\n" + SPEC.replace("vendor: flashsystem", "vendor: acme")
    )
    ended = mapped.apply()
    assert ended.code == 1
    assert "acme" in ended.err.partition("Error")[2]
    assert "flashsystem" in ended.err
    assert (mapped.image, entries(mapped)) == (None, ENTRIES)


def test_what_somebody_else_changed_is_drift(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    found = with_offload(0, 1)
    found[0]["offloadPlugin"] = {"vsphereXcopyConfig": OLD}
    set_entries(mapped, found)
    ended = mapped.run("drift")
    assert ended.code == 3
    assert f"storagemap.{mapped.namespace}/offload" in ended.out
    assert "datastore.1" in ended.out
    assert "datastore-42" not in ended.out
    assert "somebody" in ended.out
    assert mapped.apply().code == 1
    assert mapped.apply("--take", "storagemap.*").code == 0
    assert entries(mapped) == with_offload(0, 1)


NONE = "providers: {}\n"
ONE = SPEC.replace("      datastore.1: {vendor: flashsystem, secret: flash-credentials}\n", "")


def released(site: LiveSite) -> list[tuple[str, str, list[str]]]:
    return [(c["action"], c["reason"], [f["path"] for f in c["fields"]]) for c in site.plan()["changes"]]


def test_what_is_taken_out_of_the_spec_is_unset_and_other_entries_stay(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    mapped.write(ONE)
    path = "spec.map[datastore.1].offloadPlugin.vsphereXcopyConfig"
    assert released(mapped) == [("release", "no-longer-declared", [path])]
    assert mapped.apply().code == 0
    assert entries(mapped) == with_offload(1)
    mapped.write(NONE)
    assert mapped.run("drift").code == 0
    ended = mapped.apply()
    assert ended.code == 0, ended.err
    assert f"storagemap.{mapped.namespace}/offload  released" in ended.out
    assert entries(mapped) == ENTRIES
    assert mapped.changing() == []


def test_a_run_that_was_killed_has_set_what_is_given_back(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    name = f"vddkctl-{mapped.namespace}"
    path = mapped.path("configmaps", name, group="/api/v1")
    record = json.loads(mapped.get("configmaps", name, group="/api/v1")["data"]["record"])
    del record["checksum"]  # so that it may be edited
    before = {**record, "applied": {}, "intended": record["applied"]}
    mapped.server.request("PATCH", path, {"data": {"record": json.dumps(before)}}, kind=MERGE)
    mapped.write(NONE)
    assert mapped.apply().code == 0
    assert entries(mapped) == ENTRIES


def test_what_somebody_else_made_of_it_since_is_theirs(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    found = with_offload(0, 1)
    found[0]["offloadPlugin"] = {"vsphereXcopyConfig": OLD}
    set_entries(mapped, found)
    mapped.write(NONE)
    assert mapped.apply().code == 0
    assert entries(mapped) == [found[0], ENTRIES[1], ENTRIES[2]]
    assert mapped.changing() == []


def test_what_others_have_set_beside_it_stays_and_so_does_the_rest_which_is_told(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    found = with_offload(0, 1)
    found[0]["offloadPlugin"]["vsphereXcopyConfig"] = {**NEW, "dedicatedMigrationHosts": ["esx-1"]}
    set_entries(mapped, found)
    mapped.write(NONE)
    ended = mapped.apply()
    assert ended.code == 0, ended.err
    assert (
        "datastore.1 are no longer declared, and stay: others have set dedicatedMigrationHosts" in ended.out
    )
    assert entries(mapped) == [found[0], ENTRIES[1], ENTRIES[2]]


def test_what_was_changed_elsewhere_in_the_entry_stays(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    found = with_offload(0, 1)
    found[0]["destination"]["storageClass"] = "faster"
    set_entries(mapped, found[::-1])
    mapped.write(NONE)
    assert mapped.apply().code == 0
    del found[0]["offloadPlugin"], found[1]["offloadPlugin"]
    assert entries(mapped) == found[::-1]


def test_what_another_site_declares_stays(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    (mapped.root / "other.yaml").write_text(
        (mapped.root / "site.yaml").read_text().replace(f"name: {mapped.namespace}", "name: other")
    )
    assert "No changes" in mapped.apply("-f", "other.yaml").out
    mapped.write(ONE)
    assert mapped.apply().code == 0
    assert entries(mapped) == with_offload(0, 1)


def test_a_map_that_is_gone_is_forgotten(mapped: LiveSite) -> None:
    assert mapped.apply().code == 0
    mapped.server.request("DELETE", mapped.path("storagemaps", "offload"))
    mapped.write(NONE)
    assert mapped.apply().code == 0
    assert mapped.changing() == []
