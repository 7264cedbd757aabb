"""An image's config (OCI image specification 1.1, "Image Configuration"; Docker's has the same form)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from vddkctl.errors import ImageError
from vddkctl.oci.digest import check_digest
from vddkctl.oci.document import decode
from vddkctl.oci.platform import Platform, platform_of


class Config(Struct, frozen=True):
    """What an image says of itself.

    ``runtime`` is the ``config`` object inside: Env, User, Entrypoint, Labels and so on. ``extra`` is every
    other top-level key, as it stands.
    """

    platform: Platform
    diff_ids: tuple[str, ...]
    history: tuple[Mapping[str, Any], ...]
    runtime: Mapping[str, Any]
    extra: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The config as it is stored."""
        return {
            **self.extra,
            **self.platform.to_json(),
            "config": dict(self.runtime),
            "rootfs": {"type": "layers", "diff_ids": list(self.diff_ids)},
            "history": [dict(entry) for entry in self.history],
        }


_TYPED = frozenset({"architecture", "os", "variant", "config", "rootfs", "history"})


def parse_config(content: bytes, where: str = "") -> Config:
    """Read a config. Raises ImageError."""
    data = decode(content, "the image's config", where)
    platform = platform_of(data)
    if platform is None:
        raise ImageError("the image's config names no platform", where=where)
    rootfs = data.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list):
        raise ImageError("the image's config has no list of diff IDs", where=where)
    history = data.get("history") or []
    if not isinstance(history, list) or not all(isinstance(entry, dict) for entry in history):
        raise ImageError("the history in the image's config is not a list of objects", where=where)
    runtime = data.get("config") or {}
    if not isinstance(runtime, dict):
        raise ImageError('"config" in the image\'s config is not an object', where=where)
    return Config(
        platform,
        tuple(check_digest(diff_id, where) for diff_id in diff_ids),
        tuple(history),
        runtime,
        {key: value for key, value in data.items() if key not in _TYPED},
    )
