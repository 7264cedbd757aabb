"""Field differences, all objects in one go.

deepdiff costs more to call than to run, so it is called once for everything that is not plainly equal, and not
loaded at all when nothing differs.
"""

from __future__ import annotations

from collections.abc import Mapping

Values = Mapping[str, Mapping[str, str | None]]
"""Address → field path → value."""


def differing(before: Values, after: Values) -> dict[str, list[str]]:
    """The field paths that differ, by address, both in the order of ``after``. Both sides have the same addresses."""
    unequal = {address: fields for address, fields in after.items() if fields != before[address]}
    if not unequal:
        return {}
    from deepdiff import DeepDiff

    tree = DeepDiff({address: before[address] for address in unequal}, unequal, view="tree", verbose_level=0)
    found: dict[str, set[str]] = {}
    for levels in tree.values():
        for level in levels:
            address, *path = level.path(output_format="list")
            found.setdefault(address, set()).update(path[:1] or after[address])
    return {a: [path for path in unequal[a] if path in found[a]] for a in unequal if a in found}
