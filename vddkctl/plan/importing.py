"""A spec written from what there is: planning it right away shows no changes.

What a spec cannot say, or would change, is left out with a comment that says why. Secrets are named, and not looked
into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from vddkctl.errors import ImageError
from vddkctl.oci.reference import parse
from vddkctl.plan import fields
from vddkctl.plan.fields import XCOPY
from vddkctl.plan.observed import ClusterState, LiveObject, ObjectKey
from vddkctl.plan.storage import PLUGIN
from vddkctl.site.names import flaw_of_provider_name, is_rule
from vddkctl.vddk import config_text
from vddkctl.vddk.boolean import parse_bool
from vddkctl.vddk.buffers import Buffers, preset_of
from vddkctl.visible import shown

_HEAD = """\
# yaml-language-server: $schema=./site.schema.json
#
# Written by vddkctl import: this is what there is, and planning it shows no changes. What is left out is not managed.
# Next: declare an image (see vddkctl init), and name it below in the place of the full references.
# For completion and checks in an editor: vddkctl schema > site.schema.json
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata:
  name: {name}
cluster:
{cluster}"""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_MOST = Buffers(65536, 1024)
"""What a spec takes at the most."""
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
    body = [*writer.controller(), *writer.providers(), *writer.storage_maps(), *writer.policy()]
    body += _pull_secrets(state, writer.images)
    return Imported(head + "".join(f"{line}\n" for line in body), tuple(writer.left))


class _Writer:
    def __init__(self, state: ClusterState, without: Mapping[str, str]) -> None:
        self._state, self._without = state, without
        self.left: list[Left] = []
        self.images: list[str] = []
        """Those that the spec names, in its order."""

    def controller(self) -> Iterator[str]:
        home = self._state.namespace
        here = [each for each in self._state.controllers if each.key.namespace == home]
        for live in self._state.controllers:
            if live.key.namespace != home:
                why = f"the site is that of Forklift in {home}; -n {live.key.namespace} imports this one"
                self.left.append(Left(live.key.address, why))
        for live in here[:1]:
            if self._skipped(live):
                continue
            lines = list(self._image(live, fields.raw_value(live.spec, fields.CONTROLLER_IMAGE), "  "))
            if lines:
                yield "controller:" if _says_something(lines) else "# controller: nothing is managed"
                yield from lines

    def providers(self) -> Iterator[str]:
        bodies: dict[str, list[str]] = {}
        for live in sorted(self._state.providers, key=lambda provider: provider.key):
            if live.spec.get("type") != "vsphere":
                continue
            here = live.key.namespace == self._state.namespace
            name = live.key.name if here else f"{live.key.namespace}/{live.key.name}"
            why = self._without.get(live.key.address) or _flaw_of_name(name)
            bodies[name] = [self._out(live, why, "    ")] if why else list(self._provider(live))
        if bodies:
            managed = any(map(_says_something, bodies.values()))
            yield "providers:" if managed else "# providers: nothing is managed"
        for name, lines in bodies.items():
            said = _says_something(lines)
            yield f"  {_scalar(name)}:" if said else f"  # {shown(name)}: nothing is managed"
            yield from lines

    def policy(self) -> Iterator[str]:
        if any(not parse(image).pinned for image in self.images):
            yield "policy:"
            yield "  # Images are named by tag here. A tag that is pushed again is neither validated nor pulled again."
            yield "  pin: tag"

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
            mend = _said(config_text.meant(text)) or "…"
            yield self._out(
                live, f"vddkConfig is broken ({why}); to mend it, declare buffers: {mend}", "    "
            )
        elif size or count:
            said = _said(reading.buffers)
            most = f"at most {_MOST.size_in_64k} and {_MOST.count}"
            why = f"buffers of {size} × 64 KiB × {count} are more than a spec takes ({most})"
            yield f"    buffers: {said}" if said else self._out(live, why, "    ")

    def _image(self, live: LiveObject, image: Any, indent: str) -> Iterator[str]:
        if image in (None, ""):
            return
        flaw = _flaw_of_image(image)
        if flaw:
            yield self._out(live, flaw, indent)
        else:
            self.images.append(image)
            yield f"{indent}vddkImage: {_scalar(image)}"

    def _skipped(self, live: LiveObject) -> bool:
        why = self._without.get(live.key.address)
        if why:
            self.left.append(Left(live.key.address, why))
        return why is not None

    def _out(self, live: LiveObject, why: str, indent: str) -> str:
        self.left.append(Left(live.key.address, why))
        return f"{indent}# {shown(why)}"


def _says_something(lines: list[str]) -> bool:
    return any(not line.lstrip().startswith("#") for line in lines)


def _flaw_of_name(name: str) -> str | None:
    return "the name is one of a rule" if is_rule(name) else flaw_of_provider_name(name)


def _flaw_of_image(image: Any) -> str | None:
    """Why a spec cannot name this image; None where it can."""
    if not isinstance(image, str):
        return f"the image {_shown(image)} is not a text"
    try:
        reference = parse(image)
    except ImageError:
        secret = "@" in image.partition("/")[0] or "://" in image  # what stands there is often a password
        return f"the image {'' if secret else _shown(image) + ' '}is no full reference"
    if reference.transport != "docker":
        return f"the image {_shown(image)} is none of a registry"
    if reference.tag is None and reference.digest is None:
        return f"the image {_shown(image)} has neither tag nor digest"
    return None


def _said(buffers: Buffers) -> str | None:
    """Buffers as a spec has them; None for what it does not take, or for none."""
    size, count = buffers.size_in_64k, buffers.count
    if size > _MOST.size_in_64k or count > _MOST.count or not (size or count):
        return None
    return preset_of(buffers) or f"{{sizeIn64K: {size}, count: {count}}}"


def _pull_secrets(state: ClusterState, images: list[str]) -> Iterator[str]:
    """As comments: which registry a Secret is for stands in its values, which are not looked at."""
    concerned = {state.namespace, *(plan.target_namespace for plan in state.plans)}
    users: dict[str, list[ObjectKey]] = {}
    for account in state.accounts:
        for name in account.spec.get("imagePullSecrets") or ():
            ours = f"{account.key.name}-dockercfg-"  # OpenShift's own, for its own registry
            if account.key.namespace in concerned and not name.startswith(ours):
                users.setdefault(name, []).append(account.key)
    if not users:
        return
    host = parse(images[0]).host if images else "registry.example.com"
    yield "# Service accounts pull with these Secrets. To look after them, say which registry each is for:"
    yield "# pullSecrets:"
    for name, keys in sorted(users.items()):
        namespaces, accounts = sorted({key.namespace for key in keys}), sorted({key.name for key in keys})
        yield f"#   {_scalar(name)}:"
        yield f"#     registry: {_scalar(host)}   # is it this one?"
        yield f"#     namespaces: [{', '.join(map(_scalar, namespaces))}]"
        yield f"#     serviceAccounts: [{', '.join(map(_scalar, accounts))}]"


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
        else json.dumps(text, ensure_ascii=not text.isprintable())
    )


def _shown(value: Any) -> str:
    """On one line, as it stands in a comment."""
    return json.dumps(value, ensure_ascii=True, default=str)[:200]
