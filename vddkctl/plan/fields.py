"""The fields that vddkctl sets, and what their values mean to Forklift.

Two values of equal meaning are never a difference: ``"1"`` and ``"true"`` for a truth, buffer lines in another order,
an empty text and no text at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vddkctl.vddk import config_text
from vddkctl.vddk.boolean import parse_bool

CONTROLLER_IMAGE = "spec.vddk_image"
PROVIDER_IMAGE = "spec.settings.vddkInitImage"
AIO = "spec.settings.useVddkAioOptimization"
CONFIG = "spec.settings.vddkConfig"

SET = frozenset({CONTROLLER_IMAGE, PROVIDER_IMAGE, AIO, CONFIG})
"""All of them."""

IMAGE_FIELDS = frozenset({CONTROLLER_IMAGE, PROVIDER_IMAGE})


def raw_value(spec: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path below ``spec``; None when any part of the way is missing."""
    value: Any = {"spec": spec}
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def meaning(path: str, value: Any) -> str | None:
    """What Forklift makes of a value, as a text that is equal for equal meaning; None for unset."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return f"not a text: {value!r}"
    if path == AIO:
        truth = parse_bool(value)
        return value if truth is None else str(truth).lower()
    if path == CONFIG:
        reading = config_text.read(value)
        return config_text.meaning(reading.buffers) if reading.sound else f"broken: {value}"
    return value
