"""JSON patches of lists: what is asked for is in them, and whatever else there is stays."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.cluster.base import FieldEdit
from vddkctl.cluster.live.entries import bound, offload_patch, pull_secret_patch
from vddkctl.errors import ClusterError
from vddkctl.plan.accounts import entry as pull_secret
from vddkctl.plan.storage import entry as offload

NEW = {"secretRef": "flash", "storageVendorProduct": "flashsystem"}
OLD = {"secretRef": "ontap", "storageVendorProduct": "ontap"}
NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


def patched(document: dict[str, Any], patch: list[dict[str, Any]]) -> Any:
    """What RFC 6902 makes of a document; a test that fails is an AssertionError."""
    result: Any = deepcopy(document)
    for step in patch:
        *way, last = step["path"].split("/")[1:]
        place = result
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        key: Any = last if isinstance(place, dict) else len(place) if last == "-" else int(last)
        match step["op"]:
            case "test":
                assert place[key] == step["value"]
            case "remove":
                del place[key]
            case "add" if isinstance(place, list):
                place.insert(key, step["value"])
            case "replace":
                assert key in place
                place[key] = step["value"]
            case _:
                place[key] = step["value"]
    return result


def account(names: list[str]) -> dict[str, Any]:
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


def edits(added: list[str], taken: list[str]) -> tuple[FieldEdit, ...]:
    gone = (FieldEdit((pull_secret(name),), None) for name in taken)
    return (*(FieldEdit((pull_secret(name),), name) for name in added), *gone)


def has(found: dict[str, Any]) -> list[str]:
    return [each["name"] for each in found.get("imagePullSecrets", [])]


@given(NAMES, NAMES, NAMES)
def test_secrets_come_and_go_and_others_stay_in_their_order(
    names: list[str], added: list[str], taken: list[str]
) -> None:
    added = [name for name in added if name not in taken]
    found = has(patched(account(names), pull_secret_patch(edits(added, taken), names)))
    kept = [name for name in names if name not in taken]
    assert found == [*kept, *(name for name in added if name not in kept)]


@given(NAMES, NAMES)
def test_a_list_that_has_moved_meanwhile_is_not_patched(names: list[str], moved: list[str]) -> None:
    patch = bound("7", pull_secret_patch(edits(["new"], names[:1]), names))
    assert has(patched({"metadata": {"resourceVersion": "7"}, **account(names)}, patch)) == [
        *names[1:],
        "new",
    ]
    with pytest.raises(AssertionError):
        patched({"metadata": {"resourceVersion": "8"}, **account(moved)}, patch)


def test_entries_without_a_name_stay() -> None:
    document = {"imagePullSecrets": [{}, {"name": "a"}]}
    found = patched(document, pull_secret_patch(edits(["b"], ["a"]), ["", "a"]))
    assert found == {"imagePullSecrets": [{}, {"name": "b"}]}


def test_nothing_is_sent_where_nothing_changes() -> None:
    assert pull_secret_patch(edits(["a"], ["c"]), ["a", "b"]) == []


def test_an_entry_that_is_there_twice_is_taken_away_twice() -> None:
    names = ["a", "b", "a"]
    assert has(patched(account(names), pull_secret_patch(edits([], ["a"]), names))) == ["b"]


def storage(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"provider": {"source": {"name": "prod"}}, "map": list(entries)}


def datastore(name: str, **plugin: Any) -> dict[str, Any]:
    inner = {"offloadPlugin": plugin} if plugin else {}
    return {"source": {"name": name}, "destination": {"storageClass": "fast"}, **inner}


def offloaded(spec: dict[str, Any], *names: str) -> Any:
    asked = tuple(FieldEdit((offload(name),), NEW) for name in names)
    return patched({"spec": spec}, offload_patch(asked, spec, "storagemap.a/b"))["spec"]


@pytest.mark.parametrize(
    "before",
    [
        datastore("data.store.1"),
        datastore("data.store.1", vsphereXcopyConfig=OLD),
        datastore("data.store.1", vsphereXcopyConfig=None),
        {**datastore("data.store.1"), "offloadPlugin": None},
    ],
)
def test_settings_are_set_on_the_entry_whatever_it_had(before: dict[str, Any]) -> None:
    others = (datastore("other", vsphereXcopyConfig=OLD), datastore("data"))
    found = offloaded(storage(others[0], before, others[1]), "data.store.1")
    assert found == storage(others[0], datastore("data.store.1", vsphereXcopyConfig=NEW), others[1])


def test_other_plugins_of_the_entry_stay() -> None:
    found = offloaded(storage(datastore("a", other={"x": 1})), "a")
    assert found == storage(datastore("a", other={"x": 1}, vsphereXcopyConfig=NEW))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (datastore("a", vsphereXcopyConfig=OLD), datastore("a")),
        (datastore("a", vsphereXcopyConfig=OLD, other={"x": 1}), datastore("a", other={"x": 1})),
        (datastore("a"), datastore("a")),
        (datastore("a", other={"x": 1}), datastore("a", other={"x": 1})),
    ],
)
def test_settings_are_unset_with_what_was_there_for_them_alone(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    spec = storage(datastore("b", vsphereXcopyConfig=OLD), before)
    patch = offload_patch((FieldEdit((offload("a"),), None),), spec, "storagemap.a/b")
    assert patched({"spec": spec}, patch)["spec"] == storage(datastore("b", vsphereXcopyConfig=OLD), after)


def test_names_are_looked_for_before_ids() -> None:
    by_id = {"source": {"id": "a"}, "destination": {"storageClass": "slow"}}
    found = offloaded(storage(by_id, datastore("a")), "a")
    assert found == storage(by_id, datastore("a", vsphereXcopyConfig=NEW))


def test_several_entries_are_one_patch() -> None:
    found = offloaded(storage(datastore("a"), datastore("b")), "b", "a")
    assert found == storage(datastore("a", vsphereXcopyConfig=NEW), datastore("b", vsphereXcopyConfig=NEW))


def test_a_patch_is_for_the_very_entry_that_was_looked_at() -> None:
    before, after = storage(datastore("a"), datastore("b")), storage(datastore("b"), datastore("a"))
    patch = offload_patch((FieldEdit((offload("a"),), NEW),), before, "storagemap.a/b")
    with pytest.raises(AssertionError):
        patched({"spec": after}, patch)


@pytest.mark.parametrize("spec", [storage(datastore("b")), {"map": None}, {}])
def test_an_entry_that_is_gone_is_told(spec: dict[str, Any]) -> None:
    with pytest.raises(ClusterError, match="the entry for a is gone"):
        offload_patch((FieldEdit((offload("a"),), NEW),), spec, "storagemap.ns/m")
