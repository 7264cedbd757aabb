"""A spec written from what there is: planning it right away shows no changes.

What a spec cannot say, or would change, is left out with a comment that says why. Secrets are not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from vddkctl.plan import fields
from vddkctl.plan.observed import ClusterState, LiveObject
from vddkctl.plan.storage import PLUGIN, XCOPY
from vddkctl.vddk import config_text
from vddkctl.vddk.boolean import parse_bool
from vddkctl.vddk.buffers import PRESETS

_HEAD = """\
# yaml-language-server: $schema=./site.schema.json
#
# Written by vddkctl import: this is what there is, and planning it shows no changes. What is left out is not managed.
# Next: declare an image (see vddkctl init), and name it below in the place of the full references.
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata:
  name: {name}
cluster:
{cluster}"""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inherit"})


class Left(Struct, frozen=True):
    """Something that the spec leaves out, by its address, and why."""

    address: str
    why: str


class Imported(Struct, frozen=True):
    """The spec's text, and what it leaves out."""

    text: str
    left: tuple[Left, ...]


def imported(
    state: ClusterState, name: str, cluster: Mapping[str, str], without: Mapping[str, str] | None = None
) -> Imported:
    """Write a spec. ``cluster`` is that part of it; ``without`` are addresses to leave out, and why."""
    writer = _Writer(state, without or {})
    head = _HEAD.format(
        name=name, cluster="".join(f"  {key}: {_scalar(value)}\n" for key, value in cluster.items())
    )
    body = [*writer.controller(), *writer.providers(), *writer.storage_maps()]
    return Imported(head + "".join(f"{line}\n" for line in body), tuple(writer.left))


class _Writer:
    def __init__(self, state: ClusterState, without: Mapping[str, str]) -> None:
        self._state, self._without = state, without
        self.left: list[Left] = []

    def controller(self) -> Iterator[str]:
        here = [each for each in self._state.controllers if each.key.namespace == self._state.namespace]
        for live in here[:1]:
            image = fields.raw_value(live.spec, fields.CONTROLLER_IMAGE)
            lines = list(self._image(live, image, "  "))
            if lines and not self._skipped(live):
                yield "controller:"
                yield from lines

    def providers(self) -> Iterator[str]:
        bodies: dict[str, list[str]] = {}
        for live in sorted(self._state.providers, key=lambda provider: provider.key):
            if live.spec.get("type") != "vsphere":
                continue
            here = live.key.namespace == self._state.namespace
            name = live.key.name if here else f"{live.key.namespace}/{live.key.name}"
            why = self._without.get(live.key.address)
            bodies[name] = [self._out(live, why, "    ")] if why else list(self._provider(live))
        if any(not line.lstrip().startswith("#") for lines in bodies.values() for line in lines):
            yield "providers:"
            for name, lines in bodies.items():
                said = any(not line.lstrip().startswith("#") for line in lines)
                yield f"  {_scalar(name)}:" if said else f"  # {name}: nothing is managed"
                yield from lines
        else:
            for name, lines in bodies.items():
                yield f"# {name}: nothing is managed"
                yield from (f"#   {line.lstrip(' #')}" for line in lines)

    def storage_maps(self) -> Iterator[str]:
        maps: list[str] = []
        for live in sorted(self._state.storage_maps, key=lambda each: each.key):
            if live.key.namespace != self._state.namespace or self._skipped(live):
                continue
            lines = [
                f"      {_scalar(datastore)}: {{vendor: {_scalar(vendor)}, secret: {_scalar(secret)}}}"
                for datastore, vendor, secret in _offload(live)
            ]
            maps += [f"  {_scalar(live.key.name)}:", "    offload:", *lines] if lines else []
        if maps:
            yield "storageMaps:"
            yield from maps

    def _provider(self, live: LiveObject) -> Iterator[str]:
        yield from self._image(live, fields.raw_value(live.spec, fields.PROVIDER_IMAGE), "    ")
        aio = fields.raw_value(live.spec, fields.AIO)
        truth = parse_bool(aio) if isinstance(aio, str) else None
        if truth is not None:
            yield f"    aio: {str(truth).lower()}"
        elif aio not in (None, ""):
            yield self._out(
                live, f"useVddkAioOptimization is {_shown(aio)}, which Forklift takes for false", "    "
            )
        yield from self._buffers(live)

    def _buffers(self, live: LiveObject) -> Iterator[str]:
        text = fields.raw_value(live.spec, fields.CONFIG)
        if text in (None, ""):
            return
        if not isinstance(text, str):
            yield self._out(live, f"vddkConfig is {_shown(text)}, not a text", "    ")
            return
        reading = config_text.read(text)
        size, count = reading.buffers.size_in_64k, reading.buffers.count
        if not reading.sound:
            why = "the library ignores BufSizeIn64K" if reading.broken_key else "lines are repeated or stray"
            yield self._out(live, f"vddkConfig is broken ({why}); to mend it, declare buffers", "    ")
        elif size or count:
            preset = next((name for name, each in PRESETS.items() if each == reading.buffers), None)
            yield f"    buffers: {preset or f'{{sizeIn64K: {size}, count: {count}}}'}"

    def _image(self, live: LiveObject, image: Any, indent: str) -> Iterator[str]:
        if image in (None, ""):
            return
        if isinstance(image, str) and image == image.strip() and image.isprintable() and image != "inherit":
            yield f"{indent}vddkImage: {_scalar(image)}"
        else:
            yield self._out(live, f"the image {_shown(image)} is no reference", indent)

    def _skipped(self, live: LiveObject) -> bool:
        why = self._without.get(live.key.address)
        if why:
            self.left.append(Left(live.key.address, why))
        return why is not None

    def _out(self, live: LiveObject, why: str, indent: str) -> str:
        self.left.append(Left(live.key.address, why))
        return f"{indent}# {why}"


def _offload(live: LiveObject) -> Iterator[tuple[str, str, str]]:
    items = live.spec.get("map")
    for item in items if isinstance(items, list) else ():
        source = item.get("source") if isinstance(item, dict) else None
        config = (item.get(PLUGIN) or {}).get(XCOPY) if isinstance(item, dict) else None
        if isinstance(source, dict) and isinstance(config, dict):
            name = source.get("name") or source.get("id")
            vendor, secret = config.get("storageVendorProduct"), config.get("secretRef")
            if all(isinstance(part, str) and part for part in (name, vendor, secret)):
                yield str(name), str(vendor), str(secret)


def _scalar(text: str) -> str:
    """A text as YAML reads it again: plain where nobody could take it for something else."""
    return (
        text
        if _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        else json.dumps(text, ensure_ascii=False)
    )


def _shown(value: Any) -> str:
    """On one line, as it stands in a comment."""
    return json.dumps(value, ensure_ascii=True, default=str)[:200]
