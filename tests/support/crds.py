"""CustomResourceDefinitions as JSON Schemas: would a cluster take this manifest, and keep all of it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
from ruamel.yaml import YAML


def validators(folder: Path) -> dict[tuple[str, str], jsonschema.Draft7Validator]:
    """For each definition in a folder, by the ``apiVersion`` and ``kind`` of its objects."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        for crd in YAML(typ="safe", pure=True).load_all(path):
            spec = crd["spec"]
            for version in spec["versions"]:
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                schema = as_json_schema(version["schema"]["openAPIV3Schema"])
                schema["properties"] = {"apiVersion": {}, "kind": {}, "metadata": {}, **schema["properties"]}
                jsonschema.Draft7Validator.check_schema(schema)
                found[key] = jsonschema.Draft7Validator(schema)
    return found


def as_json_schema(structural: Any) -> Any:
    """A structural schema as draft 7.

    An object with known properties is closed, since a server drops a field it does not know without a word; unless
    it keeps unknown fields.
    """
    if isinstance(structural, list):
        return [as_json_schema(item) for item in structural]
    if not isinstance(structural, dict):
        return structural
    schema = {k: v for k, v in structural.items() if not k.startswith("x-kubernetes-") and k != "nullable"}
    for key in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"):
        if key in schema:
            schema[key] = as_json_schema(schema[key])
    if "properties" in schema:
        schema["properties"] = {name: as_json_schema(value) for name, value in schema["properties"].items()}
        if not structural.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    if structural.get("x-kubernetes-int-or-string"):
        schema = {**schema, "type": ["integer", "string"]}
    if structural.get("nullable") and "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = [*types, "null"]
    return schema
