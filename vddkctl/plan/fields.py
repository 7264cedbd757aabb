"""The fields that vddkctl sets, and what their values mean to Forklift.

Two values of equal meaning are never a difference: ``"1"`` and ``"true"`` for a truth, buffer lines in another order,
an empty text and no text at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from vddkctl.vddk import config_text
from vddkctl.vddk.boolean import parse_bool

CONTROLLER_IMAGE = "spec.vddk_image"
PROVIDER_IMAGE = "spec.settings.vddkInitImage"
AIO = "spec.settings.useVddkAioOptimization"
CONFIG = "spec.settings.vddkConfig"
URL = "spec.url"
LOGIN = "spec.secret"
"""The Secret that a provider logs in with: ``name`` and ``namespace``."""
XCOPY = "vsphereXcopyConfig"
"""Of a storage map's entry, below ``offloadPlugin``."""

DEFAULT_IMAGE = "MTV_VDDK_INIT_IMAGE"
"""No field: in the record of a provider, it says that the image which that began with was nobody's but the default."""

SET = frozenset({CONTROLLER_IMAGE, PROVIDER_IMAGE, AIO, CONFIG})
"""Those that are given back when they are no longer declared: the object works without them."""

IMAGE_FIELDS = frozenset({CONTROLLER_IMAGE, PROVIDER_IMAGE})


def raw_value(spec: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path below ``spec``; None when any part of the way is missing.

    ``spec.map[datastore1].offloadPlugin`` leads through the entry of a list.
    """
    if "[" in path:
        return _entry_value(spec, path)
    value: Any = {"spec": spec}
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def meaning(path: str, value: Any) -> str | None:
    """What Forklift makes of a value, as a text that is equal for equal meaning; None for unset."""
    if value is None or value == "":
        return None
    if isinstance(value, Mapping) and path.endswith(f".{XCOPY}"):
        return offload_meaning(value)
    if isinstance(value, Mapping) and path == LOGIN:
        return secret_meaning(value)
    if not isinstance(value, str):
        return f"not a text: {value!r}"
    if path == AIO:
        truth = parse_bool(value)
        return value if truth is None else str(truth).lower()
    if path == CONFIG:
        reading = config_text.read(value)
        return config_text.meaning(reading.buffers) if reading.sound else f"broken: {value}"
    return value


def offload_meaning(config: Mapping[str, Any]) -> str:
    """The vendor and the secret of a storage map's entry; what else it says is not ours."""
    return f"{config.get('storageVendorProduct')} {config.get('secretRef')}"


def secret_meaning(reference: Mapping[str, Any]) -> str | None:
    """``NAMESPACE/NAME``; what else a reference says is nothing to Forklift."""
    name, namespace = reference.get("name"), reference.get("namespace")
    return (f"{namespace}/{name}" if namespace else f"{name}") if name else None


class Entry(Struct, frozen=True):
    """A path that leads through the entry of a list: ``items``, which entry, and the rest of the way."""

    items: tuple[str, ...]
    name: str
    rest: tuple[str, ...]


def entry_of(path: str) -> Entry:
    """Take a path with an entry apart. Names may hold dots."""
    items, _, rest = path.partition("[")
    name, _, rest = rest.rpartition("]")
    return Entry(tuple(items.split(".")), name, tuple(part for part in rest.split(".") if part))


def is_entry(path: str) -> bool:
    """Whether a path ends at an entry itself, of a list of objects: one that is gone is not ours to make."""
    return path.startswith("spec.") and path.endswith("]")


def index_of(items: Sequence[Any], name: str) -> int | None:
    """Where an entry stands: a text itself, or a mapping by its source's name, else by its source's id."""
    for key in ("name", "id"):
        for number, item in enumerate(items):
            if item == name or (isinstance(item, Mapping) and (item.get("source") or {}).get(key) == name):
                return number
    return None


def _entry_value(spec: Mapping[str, Any], path: str) -> Any:
    entry = entry_of(path)
    items: Any = {"spec": spec, **spec}
    for name in entry.items:
        items = items.get(name) if isinstance(items, Mapping) else None
    number = index_of(items or (), entry.name)
    value: Any = None if number is None else items[number]
    for name in entry.rest:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
