"""What an engine holds for a build, told apart from what it holds for its user.

Each base goes into the engine with a label of the build in its config, and everything that is made on it inherits
that: stages, steps of a build that failed, the containers that steps run in. So all of it is found by the label, and
none of it can be an image of the user's: with another config, even a base that the user has too is another image.
The label is taken out of the finished image.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from vddkctl.errors import BuildError
from vddkctl.oci.config import Config

MARK = "dev.vddkctl.build"


def instruction(build: str) -> str:
    """The mark as an instruction, for stages that stand on nothing."""
    return f"LABEL {MARK}={build}"


def marked(config: bytes, build: str) -> bytes:
    """The config of a base with the mark, and nothing else changed. Raises BuildError.

    It comes first in the history: podman tells by this what an image was made on, and when it removes an image takes
    along what has no name below, even if that is the user's and has containers.
    """
    try:
        known = json.loads(config)
        runtime = known.get("config") or {}
        labels = {**(runtime.get("Labels") or {}), MARK: build}
        history = [{"comment": f"{MARK}={build}", "empty_layer": True}, *(known.get("history") or [])]
    except (ValueError, TypeError, AttributeError):
        raise BuildError("the base's config cannot be read") from None
    return json.dumps({**known, "config": {**runtime, "Labels": labels}, "history": history}).encode()


def unmarked(config: Config) -> Config:
    """The config of an image without the mark."""
    labels = config.runtime.get("Labels")
    kept = {key: text for key, text in labels.items() if key != MARK} if isinstance(labels, dict) else labels
    return replace(
        config, runtime={**config.runtime, "Labels": kept}, history=tuple(_history(config.history))
    )


def _history(entries: tuple[Mapping[str, Any], ...]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        if MARK in str(entry.get("comment")):
            continue
        if MARK not in str(entry.get("created_by")):
            yield entry
        elif not entry.get("empty_layer"):  # runtimes count those with a layer
            yield {key: text for key, text in entry.items() if key != "created_by"}
