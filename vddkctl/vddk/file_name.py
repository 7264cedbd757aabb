"""What the name of an archive's file says. A name is a hint; the contents decide."""

from __future__ import annotations

import re

from msgspec import Struct

# The vendor's two styles, "8.0.1-21562716.x86_64" and "9.1.0.0.25379531.x86_64", and the one that written guides
# use, "distrib-8.0.1". A build number has at least five digits, no part of a version has more than three.
_NAME = re.compile(
    r"VMware-vix-disklib-(?:distrib-)?"
    r"(?P<version>\d{1,3}(?:\.\d{1,3}){1,3})"
    r"(?:[-.](?P<build>\d{5,}))?"
    r"(?:\.(?P<machine>x86_64|i386|aarch64|arm64))?"
    r"(?![\d\w])",
    re.IGNORECASE,
)


class NameFacts(Struct, frozen=True):
    """What a name says; None for what it does not say."""

    version: str | None = None
    build: str | None = None
    machine: str | None = None


def name_facts(name: str) -> NameFacts:
    """Read a file's name (no folders). Anything around the vendor's words is ignored: ``… (1).tar.gz``."""
    match = _NAME.search(name)
    if match is None:
        return NameFacts()
    return NameFacts(match["version"], match["build"], match["machine"])
