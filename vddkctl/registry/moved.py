"""A tag that is not what it was expected to be."""

from __future__ import annotations

from vddkctl.errors import RegistryError
from vddkctl.oci.reference import Reference

SOMEONE_ELSE = "someone else pushes to it; look, and run again"


def moved(reference: Reference, now: str | None) -> RegistryError:
    """The error for a tag that names ``now`` (None: nothing), which is not what was looked at before."""
    return RegistryError(f"the tag names {now or 'nothing'} now", where=str(reference), hint=SOMEONE_ELSE)
