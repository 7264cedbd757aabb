"""The JSON Schema for editors says what the models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from scripts.site_schema import site_schema
from vddkctl.site.diagnostic import SpecError
from vddkctl.site.load import load
from vddkctl.site.starter import starter

WHOLE = (Path(__file__).parents[2] / "examples" / "full" / "site.yaml").read_text(encoding="utf-8")
HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: site}\n"
IMAGE = "images: {v: {archive: {path: a}, tag: a, repository: 'oci:./images'"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(site_schema())


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for item in schema:
            yield from parts(item)


def test_it_is_draft_7() -> None:
    schema = site_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    newer = {"$defs", "prefixItems", "unevaluatedProperties", "dependentRequired", "patternProperties"}
    assert not [part for part in parts(schema) if newer & part.keys()]
    assert not [part for part in parts(schema) if "$ref" in part and len(part) > 1]


def test_every_model_and_every_key_is_described() -> None:
    schema = site_schema()
    models = [schema, *schema["definitions"].values()]
    assert all(model["description"] for model in models)
    assert all(about["description"] for model in models for about in model["properties"].values())


def test_editors_can_complete_what_has_choices() -> None:
    schema = site_schema()
    definitions = schema["definitions"]
    assert definitions["ImageSpec"]["properties"]["builder"]["enum"] == ["native", "auto", "podman", "docker"]
    buffers = definitions["ProviderSpec"]["properties"]["buffers"]["anyOf"]
    assert buffers[0]["enum"] == ["small", "medium", "large", "xlarge"]
    assert schema["properties"]["apiVersion"]["const"] == "vddkctl.dev/v1alpha1"


@pytest.mark.parametrize("text", [WHOLE, starter()], ids=["whole", "starter"])
def test_right_specs_are_right_by_schema(text: str, validator: jsonschema.Draft7Validator) -> None:
    validator.validate(YAML(typ="safe").load(text))


WRONG = {
    "unknown key": "provider: {}",
    "unknown key deep": IMAGE + ", repositry: x}}",
    "missing key": "images: {v: {tag: a}}",
    "number for text": IMAGE.replace("tag: a", "tag: 8.0") + "}}",
    "text for truth": "providers: {a: {aio: 'true'}}",
    "text for a mapping": IMAGE.replace("{path: a}", "a") + "}}",
    "nothing for a mapping": "providers: {a: }",
    "nothing for a section": "images:",
    "not a preset": "providers: {a: {buffers: larg}}",
    "buffers out of bounds": "providers: {a: {buffers: {sizeIn64K: 1, count: 5000}}}",
    "half of the buffers": "providers: {a: {buffers: {count: 5}}}",
    "not a builder": IMAGE + ", builder: podmann}}",
    "not a tag": IMAGE.replace("tag: a", "tag: -a") + "}}",
    "not a digest": IMAGE.replace("path: a", "path: a, sha256: 5f") + "}}",
    "no platforms": IMAGE + ", platforms: []}}",
    "image with a slash": IMAGE.replace("{v:", "{a/b:") + "}}",
    "secret with upper case": "pullSecrets: {S: {registry: h, namespaces: [a]}}",
    "empty text": "cluster: {manifests: ''}",
    "two sources": (
        "providers: {a: {create: {url: 'https://v/sdk', caFile: x, "
        "credentials: {username: {env: A, file: B}, password: {env: C}}}}}"
    ),
    "no source": (
        "providers: {a: {create: {url: 'https://v/sdk', caFile: x, "
        "credentials: {username: {}, password: {env: C}}}}}"
    ),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_what_does_not_load_is_wrong_by_schema(body: str, validator: jsonschema.Draft7Validator) -> None:
    with pytest.raises(SpecError):
        load(HEAD + body + "\n", "site.yaml")
    assert not validator.is_valid(YAML(typ="safe").load(HEAD + body + "\n"))


RIGHT = {
    "null unsets": "controller: {vddkImage: null}\nproviders: {a: {aio: null, buffers: null, vddkImage: null}}",
    "buffers spelled out": "providers: {a: {buffers: {sizeIn64K: 256, count: 16}}}",
    "empty entry": "providers: {a: {}}",
    "empty sections": "images: {}\nproviders: {}\ncluster: {}\npolicy: {}",
}


@pytest.mark.parametrize("body", RIGHT.values(), ids=RIGHT.keys())
def test_what_loads_is_right_by_schema(body: str, validator: jsonschema.Draft7Validator) -> None:
    load(HEAD + body + "\n", "site.yaml")
    validator.validate(YAML(typ="safe").load(HEAD + body + "\n"))
