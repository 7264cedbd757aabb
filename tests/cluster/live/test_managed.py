"""Managed fields: whose each field is, and since when."""

from __future__ import annotations

from typing import Any

from vddkctl.cluster.live.managed import ours, owners, paths
from vddkctl.cluster.live.raw import ManagedFields
from vddkctl.plan.observed import FieldOwner

IMAGE = "spec.settings.vddkInitImage"
AIO = "spec.settings.useVddkAioOptimization"


def entry(manager: str, *names: str, time: str | None = None, subresource: str = "") -> ManagedFields:
    """The fields as the API writes them: nested, and each name with ``f:`` before it."""
    fields: dict[str, Any] = {}
    for name in names:
        inner = fields
        for part in name.split("."):
            inner = inner.setdefault(f"f:{part}", {})
    return ManagedFields(manager, "Apply", time, subresource, fields)


def test_others_are_named_with_their_time() -> None:
    found = owners([entry("argocd", IMAGE, time="2026-01-02T00:00:00Z")])
    assert found == {IMAGE: FieldOwner("argocd", "2026-01-02T00:00:00Z")}


def test_we_are_not_among_the_others_and_they_are_not_among_us() -> None:
    both = [entry("vddkctl", IMAGE, AIO), entry("argocd", IMAGE)]
    assert owners(both) == {IMAGE: FieldOwner("argocd", None)}
    assert ours(both) == {IMAGE, AIO}


def test_of_several_the_one_who_came_last_is_named_in_any_order() -> None:
    entries = [entry("b", IMAGE, time="2026-02-01"), entry("a", IMAGE, time="2026-01-01"), entry("c", IMAGE)]
    for order in (entries, entries[::-1]):
        assert owners(order)[IMAGE] == FieldOwner("b", "2026-02-01")


def test_who_sets_the_status_owns_no_field_of_the_spec() -> None:
    assert owners([entry("forklift", "status.phase", "spec.url", subresource="status")]) == {}


def test_what_is_outside_the_spec_is_nobodys_matter() -> None:
    assert list(paths(entry("kubectl", "metadata.labels.a", "spec.url"))) == ["spec.url"]


def test_maps_that_hold_fields_are_no_fields_of_their_own() -> None:
    both = ManagedFields(
        "x", fields_v1={"f:spec": {".": {}, "f:settings": {".": {}, "f:a": {}}, "f:url": {}}}
    )
    assert list(paths(both)) == ["spec.settings.a", "spec.url"]


def test_a_map_that_is_set_as_a_whole_is_a_field() -> None:
    whole = ManagedFields("x", fields_v1={"f:spec": {"f:settings": {".": {}}, "f:secret": {}}})
    assert list(paths(whole)) == ["spec.settings", "spec.secret"]


def test_names_with_dots_are_kept() -> None:
    secret = ManagedFields("x", time="t", fields_v1={"f:data": {"f:ca.crt": {}, "f:user": {}}})
    assert owners([secret], "data") == {
        "data.ca.crt": FieldOwner("x", "t"),
        "data.user": FieldOwner("x", "t"),
    }


def test_what_is_deeper_is_told_by_the_field_that_holds_it() -> None:
    deep = entry("x", "spec.provider.source.name")
    assert list(paths(deep)) == ["spec.provider.source"]


def test_strange_entries_are_passed_by() -> None:
    strange: list[dict[str, Any]] = [{}, {"f:spec": None}, {"f:spec": {"v:x": {}, "k:{}": {}}}]
    for fields in strange:
        assert list(paths(ManagedFields("x", fields_v1=fields))) == []
