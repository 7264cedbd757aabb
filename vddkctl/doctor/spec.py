"""The spec itself: its mistakes, and parts of it that are not carried out."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.doctor.check import Finding, Group, failed, found_wrong, passed, warned
from vddkctl.errors import VddkctlError
from vddkctl.site.diagnostic import SpecError
from vddkctl.site.source import LoadedSite
from vddkctl.site.supported import unsupported

_GROUP = Group.SPEC


def broken_spec(name: str, error: SpecError) -> Finding:
    """A spec that cannot be used. What does not need it is looked at all the same."""
    mistake = error.diagnostics[0]
    where = f"line {mistake.position.line}, column {mistake.position.column}"
    first = f"{where}: {str(mistake).partition(': ')[2]}"
    rest = f" and {len(error.diagnostics) - 1} more" if len(error.diagnostics) > 1 else ""
    hint = f"see all of it with: vddkctl validate -f {name}; then run this again"
    return failed(_GROUP, name, f"{first}{rest}", hint)


def unread_spec(name: str, error: VddkctlError) -> Finding:
    """A spec that cannot be read at all."""
    return found_wrong(_GROUP, name, error, "name another one with -f")


def spec_checks(loaded: LoadedSite) -> Iterator[Finding]:
    """A line for the spec, and one for each part that is not carried out."""
    site, name = loaded.site, loaded.source.name
    yield passed(_GROUP, name, f"site {site.metadata.name}, without a mistake")
    for missing in unsupported(loaded):
        where = f"{missing.file}:{missing.position.line}:{missing.position.column}"
        yield warned(_GROUP, where, missing.message, "take it out until it is")
