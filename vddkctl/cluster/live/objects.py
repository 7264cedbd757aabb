"""Objects of the API → :class:`~vddkctl.plan.observed.LiveObject`."""

from __future__ import annotations

from collections.abc import Collection

from vddkctl.cluster.live import managed
from vddkctl.cluster.live.raw import RawObject
from vddkctl.plan.observed import Kind, LiveObject, ObjectKey


def live_object(
    kind: Kind, raw: RawObject, others: Collection[tuple[str, str]] = (), home: str | None = None
) -> LiveObject:
    """One object. ``others`` are fields that the records of other sites have, as ``(address, path)``.

    Outside of ``home``, Forklift's namespace, a site of another Forklift may have set what is ours by its manager; only
    the record can tell there.
    """
    key = ObjectKey(kind, raw.metadata.namespace, raw.metadata.name)
    entries = raw.metadata.managed_fields
    ours = managed.ours(entries)
    abroad = home is not None and key.namespace != home
    theirs = ours if abroad else frozenset(path for path in ours if (key.address, path) in others)
    return LiveObject(
        key,
        raw.spec,
        raw.metadata.resource_version,
        owners=managed.owners(entries),
        owned=ours - theirs,
        other_sites=theirs,
        uid=raw.metadata.uid,
    )
