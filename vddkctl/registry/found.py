"""What a reference leads to, or why it leads nowhere."""

from __future__ import annotations

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import Registry
from vddkctl.site.words import nearest

_MOST_TAGS = 5


def found(registry: Registry, reference: Reference) -> Descriptor:
    """What a reference names now. Raises RegistryError when that is nothing; it names tags that are there."""
    descriptor = registry.resolve(reference)
    if descriptor is None:
        raise RegistryError("there is no such image", where=str(reference), hint=_others(registry, reference))
    return descriptor


def _others(registry: Registry, reference: Reference) -> str:
    try:
        tags = registry.tags(reference)
    except RegistryError:  # Who may pull need not be allowed to list.
        return "look at its name and tag"
    if not tags:
        return "there is no image at all; look at the name"
    meant = nearest(reference.tag, tags) if reference.tag else None
    shown = sorted(tags, key=lambda tag: tag != meant)[:_MOST_TAGS]
    more = f" and {len(tags) - _MOST_TAGS} more" if len(tags) > _MOST_TAGS else ""
    return f"tags there: {', '.join(shown)}{more}"
