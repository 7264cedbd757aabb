"""How plans and records are spelled in JSON."""

from __future__ import annotations

from typing import Any, ClassVar


def camel_case(name: str) -> str:
    """``resourceVersion`` of ``resource_version``."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


class Wire:
    """Keys are camelCase in JSON; unknown ones are ignored, so that files of newer writers can be read."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"alias_generator": camel_case, "populate_by_name": True}
