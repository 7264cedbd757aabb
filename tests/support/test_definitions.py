"""Our small definitions are a part of Forklift's own, where those are at hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.apiserver_fixtures import FORKLIFTS
from tests.support.apiservers import MINIMAL


def definitions(folder: Path) -> dict[str, Any]:
    documents = (YAML(typ="safe", pure=True).load(path) for path in sorted(folder.glob("*.yaml")))
    return {one["metadata"]["name"]: one["spec"] for one in documents}


def differences(ours: dict[str, Any], theirs: dict[str, Any], path: str) -> Iterator[str]:
    """What ours says otherwise. Properties that it leaves out, and what is only there to be read, do not count."""
    said = {**ours, **theirs}.keys() - {
        "properties",
        "items",
        "additionalProperties",
        "description",
        "default",
    }
    for key in sorted(said):
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, list) and isinstance(other, list):  # an enum, or what is required: in any order
            one, other = sorted(one), sorted(other)
        if one != other:
            yield f"{path}: {key} is {one}, theirs is {other}"
    for key in ("items", "additionalProperties"):
        if key in ours or key in theirs:
            yield from differences(ours.get(key, {}), theirs.get(key, {}), f"{path}.{key}")
    for name, schema in ours.get("properties", {}).items():
        if name in theirs.get("properties", {}):
            yield from differences(schema, theirs["properties"][name], f"{path}.{name}")
        else:
            yield f"{path}.{name} is not in theirs"


@pytest.mark.skipif(not FORKLIFTS, reason="VDDKCTL_TEST_CRDS names no folder of Forklift's own definitions")
@pytest.mark.parametrize("name", definitions(MINIMAL))
def test_a_definition_says_what_forklifts_own_says(name: str) -> None:
    ours, theirs = definitions(MINIMAL)[name], definitions(Path(FORKLIFTS or ""))[name]
    assert [ours[key] for key in ("group", "scope", "names")] == [
        theirs[key] for key in ("group", "scope", "names")
    ]
    (our,), (their,) = ours["versions"], theirs["versions"]
    assert (our["name"], our["subresources"]) == (their["name"], their["subresources"])
    schema, theirs = (version["schema"]["openAPIV3Schema"] for version in (our, their))
    assert list(differences(schema, theirs, "")) == []
