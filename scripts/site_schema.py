"""The JSON Schema of ``site.yaml``, for editors: draft 7, which is what YAML language servers read."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from scripts.prose import prose
from vddkctl.site import model as models

DIALECT = "http://json-schema.org/draft-07/schema#"


def site_schema() -> dict[str, Any]:
    """The schema, with the models' docstrings as descriptions."""
    raw = models.Site.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    definitions = raw.pop("$defs")
    described = {name: _described(name, definition) for name, definition in definitions.items()}
    root = _described("Site", raw)
    return {
        "$schema": DIALECT,
        "title": "vddkctl site",
        **_draft7(root),
        "definitions": {name: _draft7(definition) for name, definition in sorted(described.items())},
    }


def _described(model: str, schema: dict[str, Any]) -> dict[str, Any]:
    """With descriptions from the docstrings of the model and of its fields."""
    kind = getattr(models, model)
    names = {field.alias or name: name for name, field in kind.model_fields.items()}
    docs = dict(_field_docs(kind))
    properties = {
        alias: {**about, "description": prose(docs[names[alias]])}
        for alias, about in schema["properties"].items()
    }
    return {**schema, "description": prose(inspect.getdoc(kind) or ""), "properties": properties}


def _field_docs(kind: type) -> Iterator[tuple[str, str]]:
    """Each field and the docstring below it.

    Pydantic can collect them itself, but would read the sources for it on every start of vddkctl.
    """
    [definition] = ast.parse(inspect.getsource(kind)).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = (
                below.value.value
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                else ""
            )
            yield field.target.id, inspect.cleandoc(str(text))


def _draft7(schema: Any) -> Any:
    """Without what editors show as noise, and with what only newer drafts read written as draft 7 has it."""
    if isinstance(schema, list):
        return [_draft7(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _draft7(value) for key, value in schema.items() if not _noise(key, value)}
    if "$ref" in result and len(result) > 1:  # Draft 7 ignores everything beside a $ref.
        result["allOf"] = [{"$ref": result.pop("$ref")}]
    if "patternProperties" in result:  # So does pydantic write keys that have a pattern.
        [(pattern, value)] = result.pop("patternProperties").items()
        result["propertyNames"] = {"pattern": pattern}
        result["additionalProperties"] = value
    return _flat_nullable(result)


def _flat_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """``anyOf`` a plain type and null, as one type: editors then say what is wrong, not that no branch fits."""
    branches = schema.get("anyOf", [])
    if len(branches) == 2 and branches[1] == {"type": "null"} and isinstance(branches[0].get("type"), str):
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**rest, **branches[0], "type": [branches[0]["type"], "null"]}
    return schema


def _noise(key: str, value: Any) -> bool:
    """A title that repeats a name; a default that only says what every key in it says of itself."""
    return (key == "title" and isinstance(value, str)) or (
        key == "default" and not isinstance(value, str | bool | tuple | list)
    )
