"""The JSON Schema of a saved plan, generated from the model."""

from __future__ import annotations

import json
from typing import Any

from vddkctl.plan.model import Plan, Summary


def plan_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of what ``plan -o FILE`` and ``plan --output json`` write."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Plan).json_schema(by_alias=True, mode="serialization")
    summary = TypeAdapter(Summary).json_schema(by_alias=True, mode="serialization")
    schema["properties"]["summary"] = {"$ref": "#/$defs/Summary"}
    schema["$defs"]["Summary"] = summary
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of vddkctl",
        **{key: value for key, value in schema.items() if key != "title"},
    }


if __name__ == "__main__":
    print(json.dumps(plan_schema(), indent=2, ensure_ascii=False))  # noqa: T201
