"""The JSON Schema of a saved plan, for programs that read one: draft 2020-12."""

from __future__ import annotations

from typing import Any

from msgspec.json import schema_components

from scripts.prose import prose
from vddkctl.plan.model import Plan, Reason, Summary

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """What ``plan -o FILE`` and ``plan --output json`` write. The summary is for readers: nothing reads it back."""
    _, parts = schema_components((Plan, Summary), ref_template="#/$defs/{name}")
    plan = parts.pop("Plan")
    plan["properties"]["summary"] = {"$ref": "#/$defs/Summary"}
    plan["required"] += ["formatVersion", "summary"]
    parts["Change"]["properties"]["reason"]["examples"] = [reason.value for reason in Reason]
    return {"$schema": DIALECT, **_described({**plan, "title": "A plan of vddkctl", "$defs": parts})}


def _described(schema: Any) -> Any:
    """With descriptions that read as prose."""
    if isinstance(schema, list):
        return [_described(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: prose(value) if key == "description" and isinstance(value, str) else _described(value)
        for key, value in schema.items()
    }
