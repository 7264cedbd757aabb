"""A site of one image, as a command line asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from vddkctl.site.source import LoadedSite

NAME = "image-build"
IMAGE = "vddk"
SOURCE = "(command line)"


class OneImage(Struct, frozen=True):
    """What the words say; None and empty where they say nothing. Paths are whole, or relative to where one stands."""

    archive: str
    repository: str
    tag: str
    builder: str
    platforms: Sequence[str] = ()
    base: str | None = None
    dockerfile: str | None = None
    build_dir: str | None = None
    build_args: Mapping[str, str] = {}
    allow_mismatch: bool = False
    public_registry: str | None = None
    cluster: Mapping[str, str] | None = None
    """Where the ForkliftController is that gets the image; None: none does."""
    active_migrations: str | None = None
    """What to do in a live cluster while migrations run; None: as every site does that does not say."""


def one_image(said: OneImage) -> LoadedSite:
    """The site. Raises SpecError, whose places are in words that nobody wrote: the messages tell."""
    from vddkctl.site.load import load

    image: dict[str, Any] = {
        "archive": {"path": said.archive},
        "repository": said.repository,
        "tag": said.tag,
        "builder": said.builder,
    }
    more = {
        "platforms": list(said.platforms),
        "base": said.base,
        "dockerfile": said.dockerfile,
        "buildDir": said.build_dir,
        "buildArgs": dict(said.build_args),
        "allowPlatformMismatch": said.allow_mismatch,
    }
    image |= {key: value for key, value in more.items() if value}
    site: dict[str, Any] = {
        "apiVersion": "vddkctl.dev/v1alpha1",
        "kind": "Site",
        "metadata": {"name": NAME},
        "images": {IMAGE: image},
    }
    policy = {"publicRegistry": said.public_registry} if said.public_registry else {}
    if said.cluster is not None:
        site |= {"cluster": dict(said.cluster), "controller": {"vddkImage": IMAGE}}
        if (
            "manifests" not in said.cluster
        ):  # whoever asks for this image to be set wants it, whoever set another
            policy |= {"conflicts": "take"}
            policy |= {"activeMigrations": said.active_migrations} if said.active_migrations else {}
    if policy:
        site["policy"] = policy
    return load(json.dumps(site, ensure_ascii=False), SOURCE)
