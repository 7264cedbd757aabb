"""How plans and records are spelled in JSON."""

from __future__ import annotations

from msgspec import Struct


def camel_case(name: str) -> str:
    """``resourceVersion`` of ``resource_version``."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


class Wire(Struct, frozen=True, rename="camel"):
    """Keys are camelCase in JSON; unknown ones are ignored, so that files of newer writers can be read."""
