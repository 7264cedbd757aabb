"""Field differences, all objects in one go.

deepdiff costs more to call than to run, and more to load than either. So it is loaded only when something differs,
called once, and the same two values are compared once: a rule makes many objects go from one to the other. Who waits
for a server anyway loads it meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, str | None]
"""Field path → value."""

_Pair = tuple[str | None, str | None]
"""A value before and after."""


def differing(before: Mapping[str, Fields], after: Mapping[str, Fields]) -> dict[str, list[str]]:
    """The field paths that differ, by address, both in the order of ``after``.

    Both sides have the same addresses, and each the same paths.
    """
    unequal = {
        address: {path: (before[address][path], value) for path, value in fields.items()}
        for address, fields in after.items()
        if fields != before[address]
    }
    if not unequal:
        return {}
    different = _different({pair for fields in unequal.values() for pair in fields.values()})
    found = {
        address: [path for path, pair in fields.items() if pair in different]
        for address, fields in unequal.items()
    }
    return {address: paths for address, paths in found.items() if paths}


def load() -> None:
    """Load what :func:`differing` is going to need."""
    import deepdiff  # noqa: F401


def _different(pairs: set[_Pair]) -> set[_Pair]:
    from deepdiff import DeepDiff

    numbered = dict(enumerate(pairs))
    tree = DeepDiff(
        {number: before for number, (before, _) in numbered.items()},
        {number: after for number, (_, after) in numbered.items()},
        view="tree",
        verbose_level=0,
    )
    return {numbered[level.path(output_format="list")[0]] for levels in tree.values() for level in levels}
