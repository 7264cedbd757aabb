"""What a registry asks for when it answers 401 (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

_SCHEME = re.compile(r"[\s,]*([A-Za-z][A-Za-z0-9-]*)(?=[\s,]|$)")
_PARAMETER = re.compile(r'[\s,]*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class Challenge(Struct, frozen=True):
    """One way to log in: ``scheme`` in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge in the ``WWW-Authenticate`` headers, in their order; what cannot be read is passed by."""
    found: list[Challenge] = []
    for header in headers:
        position = 0
        while start := _SCHEME.match(header, position):
            position, parameters = start.end(), {}
            while pair := _PARAMETER.match(header, position):
                quoted = re.sub(r"\\(.)", r"\1", pair[2]) if pair[2] is not None else pair[3]
                parameters[pair[1].lower()] = quoted
                position = pair.end()
            found.append(Challenge(start[1].lower(), parameters))
    return tuple(found)
