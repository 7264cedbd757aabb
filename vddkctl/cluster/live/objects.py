"""Objects of the API → :class:`~vddkctl.plan.observed.LiveObject`."""

from __future__ import annotations

from vddkctl.cluster.live import managed
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.record import Claims
from vddkctl.plan.observed import Kind, LiveObject, ObjectKey


def live_object(
    kind: Kind, raw: RawObject, others: Claims | None = None, home: str | None = None
) -> LiveObject:
    """One object. ``others`` is what the records of other sites say, of all objects.

    Outside of ``home``, Forklift's namespace, a site of another Forklift may have set what is ours by its manager; only
    the record can tell there.
    """
    key = ObjectKey(kind, raw.metadata.namespace, raw.metadata.name)
    entries = raw.metadata.managed_fields
    ours = managed.ours(entries)
    abroad = home is not None and key.namespace != home
    claims = (others or {}).get(key.address, {})
    theirs = ours if abroad else ours.intersection(claims)
    return LiveObject(
        key,
        raw.spec,
        raw.metadata.resource_version,
        owners=managed.owners(entries),
        owned=ours - theirs,
        other_sites=theirs,
        claims=claims,
        uid=raw.metadata.uid,
    )
