"""The JSON Schema of a saved plan, for programs that read one: draft 2020-12."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from scripts.prose import prose
from vddkctl.plan.model import Plan, Summary

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """What ``plan -o FILE`` and ``plan --output json`` write. The summary is for readers: nothing reads it back."""
    schema = TypeAdapter(Plan).json_schema(by_alias=True, mode="serialization")
    schema["$defs"]["Summary"] = TypeAdapter(Summary).json_schema(by_alias=True, mode="serialization")
    schema["properties"]["summary"] = {"$ref": "#/$defs/Summary"}
    schema["required"] += ["formatVersion", "summary"]
    rest = {key: value for key, value in schema.items() if key != "title"}
    return {"$schema": DIALECT, "title": "A plan of vddkctl", **_described(rest)}


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
