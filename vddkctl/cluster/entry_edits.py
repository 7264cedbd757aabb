"""Edits of a plan → edits of a manifest: entries of lists are found by name, and only what differs is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vddkctl.cluster.base import FieldEdit
from vddkctl.cluster.yaml_edit.entries import Entry
from vddkctl.cluster.yaml_edit.field import Edit, with_edit
from vddkctl.errors import ManifestError
from vddkctl.plan.fields import Entry as EntryPath
from vddkctl.plan.fields import entry_of, index_of


def edits_of(edits: Sequence[FieldEdit], data: dict[str, Any], item: int | None, where: str) -> list[Edit]:
    """The edits of one object, in an order in which each finds the entry it is about. Raises ManifestError."""
    done: list[Edit] = []
    for edit in edits:
        path = edit.path[0]
        if "[" not in path:
            new = [Edit(item, edit.path, edit.value)]
        elif isinstance(edit.value, str) or not entry_of(path).rest:
            new = list(_names(entry_of(path), edit.value, data, item))
        else:
            new = list(_fields(entry_of(path), edit.value, data, item, where))
        for each in new:
            data = with_edit(data, each)
        done += new
    return done


def _names(path: EntryPath, name: str | None, data: dict[str, Any], item: int | None) -> Iterator[Edit]:
    """A list of objects that have names alone: one more, or those of a name taken out, the last first."""
    written = _list(path, data)
    items = written or []
    there = [
        number
        for number, each in enumerate(items)
        if isinstance(each, dict) and each.get("name") == path.name
    ]
    if name is not None:
        if written is None:
            yield Edit(item, path.items, [{"name": name}])
        elif not there:
            yield Edit(item, (), {"name": name}, Entry(path.items, len(items)))
        return
    if there and len(there) == len(items):
        yield Edit(item, path.items, None)
        return
    yield from (Edit(item, (), None, Entry(path.items, number)) for number in reversed(there))


def _fields(
    path: EntryPath, value: dict[str, Any] | None, data: dict[str, Any], item: int | None, where: str
) -> Iterator[Edit]:
    """The keys of an entry's settings that differ; None: all of them, with what was there for them alone."""
    items = _list(path, data) or []
    number = index_of(items, path.name)
    if number is None:
        raise ManifestError(
            f"the entry for {path.name} is gone", where=where, hint="plan again: vddkctl plan"
        )
    entry = Entry(path.items, number)
    found: list[Any] = [items[number]]
    for name in path.rest:
        found.append(found[-1].get(name) if isinstance(found[-1], dict) else None)
    if value is not None:
        now = found[-1] or {}
        changed = {key: inner for key, inner in value.items() if now.get(key) != inner}
        yield from (Edit(item, (*path.rest, key), inner, entry) for key, inner in changed.items())
        return
    last = len(path.rest)
    while last > 1 and isinstance(found[last - 1], dict) and len(found[last - 1]) == 1:
        last -= 1
    yield Edit(item, path.rest[:last], None, entry)


def _list(path: EntryPath, data: dict[str, Any]) -> list[Any] | None:
    items: Any = data
    for name in path.items:
        items = items.get(name) if isinstance(items, dict) else None
    return items if isinstance(items, list) else None
