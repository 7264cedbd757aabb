"""Folders of manifests in every shape that people keep them in, and what is in them as plain data."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

HOME = "openshift-mtv"
CONTROLLER = f"controller.{HOME}/forklift-controller"
PREFIX = "VixDiskLib.nfcAio.Session."

IMAGES = st.sampled_from(["quay.io/a/b:1", "h.io/vddk@sha256:" + "1" * 64, "h.io/vddk:8.0.1", ""])
CONFIGS = st.sampled_from(
    [
        f"{PREFIX}BufSizeIn64KB=64\n{PREFIX}BufCount=4\n",
        f"|\n{PREFIX}BufSizeIn64K=256\n{PREFIX}BufCount=16\n",
        f"other=1\nv{PREFIX[1:]}BufCount = 8",
        "",
        "# nothing\n",
    ]
)
LIVE_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "sdkEndpoint": st.just("esxi"),
        "vddkInitImage": IMAGES,
        "useVddkAioOptimization": st.sampled_from(["true", "false", "1", "F", "yes", ""]),
        "vddkConfig": CONFIGS,
    },
)
PROVIDERS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([f"{place}-{n}" for place in ("edge", "core", "lab") for n in range(3)]),
            "namespace": st.sampled_from([HOME, HOME, "vms"]),
            "bare": st.booleans(),  # without a namespace, which means Forklift's own
            "type": st.sampled_from(["vsphere", "vsphere", "vsphere", "ovirt"]),
            "settings": LIVE_SETTINGS,
        }
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda provider: (provider["namespace"], provider["name"]),
)
"""Providers as short mappings; :func:`provider_object` spells one out."""


@dataclass(frozen=True)
class Layout:
    """How a folder is written down: one entry a file."""

    styles: tuple[str, ...]
    lists: tuple[bool, ...]
    anchors: bool


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    count = draw(st.integers(1, 3))
    styles = draw(st.lists(st.sampled_from(["block", "flow", "json"]), min_size=count, max_size=count))
    lists = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return Layout(tuple(styles), tuple(lists), draw(st.booleans()))


def controller_object(image: str | None, *, bare: bool) -> dict[str, Any]:
    spec = {"x": 1} | ({} if image is None else {"vddk_image": image})
    return _object("ForkliftController", "forklift-controller", "" if bare else HOME, spec)


def provider_object(provider: dict[str, Any]) -> dict[str, Any]:
    bare = provider["bare"] and provider["namespace"] == HOME
    settings = {"settings": provider["settings"]} if provider["settings"] else {}
    spec = {"type": provider["type"], "secret": {}, **settings}
    return _object("Provider", provider["name"], "" if bare else provider["namespace"], spec)


def _object(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "forklift.konveyor.io/v1beta1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


def write_folder(folder: Path, objects: list[dict[str, Any]], layout: Layout) -> None:
    folder.mkdir(parents=True)
    for number, (style, as_list) in enumerate(zip(layout.styles, layout.lists, strict=True)):
        mine = objects[number :: len(layout.styles)]
        if as_list or (style == "json" and len(mine) != 1):
            mine = [{"apiVersion": "v1", "kind": "List", "items": mine}]
        if style == "block":
            text = "# by hand\n" + "---\n".join(_block(one, layout.anchors) for one in mine)
        else:
            text = "---\n".join(json.dumps(one, indent=2 if style == "json" else None) + "\n" for one in mine)
        (folder / f"f{number}.{'json' if style == 'json' else 'yaml'}").write_text(text)


def _block(document: dict[str, Any], anchors: bool) -> str:
    """Block style with a comment above each ``spec``; with ``anchors``, equal texts are written once."""
    seen: dict[str, str] = {}

    def scalar(value: Any, pad: str) -> str:
        if anchors and isinstance(value, str):
            if value in seen:
                return f"*{seen[value]}"
            seen[value] = f"a{len(seen)}"
            return f"&{seen[value]} {json.dumps(value)}"
        if isinstance(value, str) and value.endswith("\n"):
            return "|\n" + "".join(f"{pad}  {line}\n" for line in value.splitlines()).rstrip("\n")
        return json.dumps(value)

    def lines(value: dict[str, Any], pad: str) -> Iterator[str]:
        for key, below in value.items():
            if key == "spec":
                yield f"{pad}# why this is so"
            if isinstance(below, dict) and below:
                yield f"{pad}{key}:"
                yield from lines(below, pad + "  ")
            elif isinstance(below, list) and below:
                yield f"{pad}{key}:"
                for item in below:
                    first, *rest = lines(item, pad + "  ")
                    yield f"{pad}- {first.strip()}"
                    yield from rest
            else:
                yield f"{pad}{key}: {scalar(below, pad)}"

    return "".join(f"{line}\n" for line in lines(document, ""))


def comments(folder: Path) -> int:
    """How many lines are comments."""
    text = "".join(path.read_text() for path in sorted(folder.glob("f*.*")))
    return sum(line.strip() in {"# by hand", "# why this is so"} for line in text.splitlines())


def objects_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Every object by its address, as a YAML reader sees it."""
    return {address(one): one for path in sorted(folder.glob("f*.*")) for one in _flat(_read(path))}


def address(one: dict[str, Any]) -> str:
    """As vddkctl writes it."""
    metadata = one["metadata"]
    kind = {"Provider": "provider", "ForkliftController": "controller"}[one["kind"]]
    return f"{kind}.{metadata.get('namespace', HOME)}/{metadata['name']}"


def edit_setting(folder: Path, place: tuple[str, str], value: str | None) -> None:
    """As another tool does it: one field of one object is set, or unset, and the whole file is written anew."""
    where, field = place
    name = field.rpartition(".")[2]
    for path in sorted(folder.glob("f*.*")):
        documents = copy.deepcopy(_read(path))  # of an anchor and its aliases, one only is meant
        found = [one for one in _flat(documents) if address(one) == where]
        for one in found:
            spec = one["spec"]
            fields = spec if where == CONTROLLER else spec.setdefault("settings", {})
            fields.pop(name, None)
            fields |= {} if value is None else {name: value}
        if found:
            path.write_text("---\n".join(json.dumps(document) + "\n" for document in documents))


def _read(path: Path) -> list[dict[str, Any]]:
    return [document for document in YAML(typ="safe", pure=True).load_all(path) if document]


def _flat(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        yield from document["items"] if document["kind"] == "List" else [document]
