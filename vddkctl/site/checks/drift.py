"""What drift does not report: ignores that could never ignore anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from vddkctl.site.mistake import Mistake, mapping_at, text_at, value_at
from vddkctl.site.words import nearest, one_of, quoted

ROOMS = ("image", "secret", "serviceaccount", "controller", "provider", "storagemap")
"""What an address begins with."""
FIELDS = (
    "vddkInitImage", "useVddkAioOptimization", "vddkConfig", "vddk_image", "url", "tag", "digest", "vsphereXcopyConfig",
)  # fmt: skip
"""The fields that are written, by their names; besides them there are entries of lists, and keys of Secrets."""
PREFIXES = ("spec.", "spec.settings.", "data.", "imagePullSecrets[", "spec.map[")
KEYS = ("user", "password", "cacert", "insecureSkipVerify", ".dockerconfigjson")
"""Of Secrets; they are found below ``data`` as well."""


def check_drift(data: dict[str, Any]) -> Iterator[Mistake]:
    """Addresses and fields that there can be."""
    ignores = value_at(data, ("drift", "ignore"))
    for number, ignore in enumerate(ignores if isinstance(ignores, tuple) else ()):
        path = ("drift", "ignore", number)
        address = value_at(ignore, ("address",))
        if isinstance(address, str) and address:
            flaw, meant = _address(address, data)
            if flaw:
                yield Mistake((*path, "address"), flaw, meant)
        fields = value_at(ignore, ("fields",))
        for place, name in enumerate(fields if isinstance(fields, tuple) else ()):
            if isinstance(name, str) and name and not _may_be_field(name):
                known = one_of(FIELDS)
                message = f"no field is named {quoted(name)}, so this ignores nothing; there are: {known}"
                meant = nearest(name.rpartition(".")[2], FIELDS)
                yield Mistake((*path, "fields", place), message, meant)


def _address(address: str, data: dict[str, Any]) -> tuple[str, str | None]:
    """What is wrong with it, if anything, and what was probably meant."""
    start = re.split(r"[*?\[]", address, maxsplit=1)[0]
    whole = start == address
    rooms = [room for room in ROOMS if start.startswith(f"{room}.") or (not whole and room.startswith(start))]
    if not rooms:
        first, _, rest = address.partition(".")
        meant = nearest(first, ROOMS)
        message = (
            f"no address is like {quoted(address)}; they begin with {one_of(f'{room}.' for room in ROOMS)}"
        )
        return message, f"{meant}.{rest}" if meant and rest else None
    if not whole:
        return "", None
    room, _, name = address.partition(".")
    if room == "image":
        images = mapping_at(data, "images")
        near = nearest(name, images)
        flaw = "" if name in images else f"no image named {quoted(name)}"
        return flaw, f"image.{near}" if near else None
    if "/" in name:
        return "", None
    namespace = text_at(data, "cluster", "namespace")
    meant = f"{room}.{namespace or '*'}/{name}"
    return f"{quoted(address)} has no namespace; {room}s have addresses such as {room}.NAMESPACE/NAME", meant


def _may_be_field(name: str) -> bool:
    """Whether a field can have this name or path, or match this glob."""
    if name.startswith(("data.", "imagePullSecrets[", "spec.map[")):
        return True
    known = [*FIELDS, *KEYS, *(f"{prefix}{field}" for prefix in PREFIXES[:2] for field in FIELDS), *PREFIXES]
    return any(fnmatchcase(each, name) for each in known)
