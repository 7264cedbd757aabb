"""Field differences, all objects in one go.

deepdiff costs more to call than to run, and more to load than either. So it is loaded only when something differs,
called once, and objects that go from the same values to the same values are compared once: a rule often has many.
"""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, str | None]
"""Field path → value."""

Values = Mapping[str, Fields]
"""Address → fields."""


def differing(before: Values, after: Values) -> dict[str, list[str]]:
    """The field paths that differ, by address, both in the order of ``after``. Both sides have the same addresses."""
    unequal = {address: fields for address, fields in after.items() if fields != before[address]}
    if not unequal:
        return {}
    first: dict[object, str] = {}  # of the addresses that are alike
    alike = {a: first.setdefault(_pair(before[a], fields), a) for a, fields in unequal.items()}
    found = _found({a: before[a] for a in first.values()}, {a: after[a] for a in first.values()})
    return {
        a: [path for path in fields if path in found[alike[a]]]
        for a, fields in unequal.items()
        if alike[a] in found
    }


def _pair(before: Fields, after: Fields) -> object:
    return tuple(before.items()), tuple(after.items())


def _found(before: Values, after: Values) -> dict[str, set[str]]:
    from deepdiff import DeepDiff

    tree = DeepDiff(before, after, view="tree", verbose_level=0)
    found: dict[str, set[str]] = {}
    for levels in tree.values():
        for level in levels:
            address, *path = level.path(output_format="list")
            found.setdefault(address, set()).update(path[:1] or after[address])
    return found
