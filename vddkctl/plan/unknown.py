"""Digests that a plan cannot know: of images that an engine is going to build.

Such an image is known by its inputs alone. Until it is built, a text stands for its digest, which names the image and
is like no digest; what is written is settled once the digest is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from vddkctl.plan.model import Change, DeclaredImage, Plan

_HEAD = "(known after apply: "


def unknown_digest(address: str) -> str:
    """What stands for the digest of an image, by its address."""
    return f"{_HEAD}{address})"


def is_unknown(value: object) -> bool:
    """Whether a value is, or holds, a digest that is not known yet."""
    return isinstance(value, str) and _HEAD in value


def settled(plan: Plan, digests: Mapping[str, str]) -> Plan:
    """The plan, with these digests (by the image's address) in the place of what stood for them."""
    names = {
        unknown_digest(address): digest
        for address, digest in digests.items()
        if address in plan.images and is_unknown(plan.images[address].digest)
    }
    if not names:
        return plan
    return replace(
        plan,
        changes=tuple(_change(change, names) for change in plan.changes),
        images={address: _image(image, names) for address, image in plan.images.items()},
        managed={
            address: {key: _value(value, names) for key, value in fields.items()}
            for address, fields in plan.managed.items()
        },
    )


def _change(change: Change, names: Mapping[str, str]) -> Change:
    fields = tuple(replace(field, after=_value(field.after, names)) for field in change.fields)
    return replace(change, fields=fields)


def _image(image: DeclaredImage, names: Mapping[str, str]) -> DeclaredImage:
    return replace(image, digest=_text(image.digest, names), pulled=_text(image.pulled, names))


def _value(value: Any, names: Mapping[str, str]) -> Any:
    return _text(value, names) if isinstance(value, str) else value


def _text(text: str, names: Mapping[str, str]) -> str:
    if is_unknown(text):
        for name, digest in names.items():
            text = text.replace(name, digest)
    return text
