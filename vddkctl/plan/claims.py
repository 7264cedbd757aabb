"""What other sites have written down of a field: records tell, since all sites are one manager.

A site of another Forklift in the same cluster has its namespace with its name: ``other-mtv/frankfurt``.
"""

from __future__ import annotations

from vddkctl.plan.observed import LiveObject


def declared_elsewhere(live: LiveObject, path: str) -> bool:
    """Whether another site's record has a value for a field: then it is that site's to unset."""
    return bool(declaring(live, path))


def declaring(live: LiveObject, path: str) -> tuple[str, ...]:
    """The other sites that have a value for a field in their records."""
    claims = live.claims.get(path, {})
    return tuple(sorted(site for site, values in claims.items() if any(v is not None for v in values)))


def disagreeing(live: LiveObject, path: str, meaning: object) -> str | None:
    """The other sites that have another value for a field in their records, as an owner; None where none has."""
    sites = (site for site, values in live.claims.get(path, {}).items() if meaning not in values)
    found = ", ".join(sorted(sites))
    return f"site {found}" if found else None
