"""What other sites of the same Forklift have written down of a field: records tell, since all sites are one manager."""

from __future__ import annotations

from vddkctl.plan.observed import LiveObject


def declared_elsewhere(live: LiveObject, path: str) -> bool:
    """Whether another site's record has a value for a field: then it is that site's to unset."""
    return any(value is not None for values in live.claims.get(path, {}).values() for value in values)


def disagreeing(live: LiveObject, path: str, meaning: object) -> str | None:
    """The other sites that have another value for a field in their records, as an owner; None where none has."""
    sites = (site for site, values in live.claims.get(path, {}).items() if meaning not in values)
    found = ", ".join(sorted(sites))
    return f"site {found}" if found else None
