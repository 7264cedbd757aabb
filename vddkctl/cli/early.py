"""What can be begun while the command line itself is still loading: what takes longest of a run.

Guesses, by the looks of the words and of the spec. A wrong one costs the reading of a file, or of a cluster, that
nobody asks for; what counts is what the command says once it runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from vddkctl.build.archive.inspection import Remembered
    from vddkctl.cluster.live.early import EarlyLook
    from vddkctl.places import Places

_COMMANDS = ("plan", "apply", "drift")
_FILE = ("-f", "--file")
_MOST = 1 << 20
"""Bytes of a spec that are looked through."""
_CLUSTERED = re.compile("-[^-]*f.*", re.DOTALL)
"""Short options in one word, with a file perhaps: ``-vf FILE``, ``-fFILE``."""
_ARCHIVE = r"""\bpath:\s*["']?([^\s"',}#]+\.gz)\b"""


class Begun(Struct, frozen=True):
    """What commands find in their context: the first archive as it is read, the cluster as it is looked at."""

    archives: Remembered | None = None
    cluster: EarlyLook | None = None


def begin(words: Sequence[str]) -> Begun | None:
    """Begin with what the spec seems to name. Never raises."""
    if not words or words[0] not in _COMMANDS or {"-h", "--help"} & set(words):
        return None
    file = _spec(words)
    try:
        if file is None or not file.is_file():  # what comes through a pipe can be read once
            return None
        with file.open("rb") as spec:
            text = spec.read(_MOST).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    return Begun(
        _archive(file, text, chatty="-v" in words) if words[0] != "drift" else None,
        None if _may_name_a_plan(words) else _cluster(text),
    )


def _may_name_a_plan(words: Sequence[str]) -> bool:
    """``apply PLAN`` goes where the plan was made, whatever spec is here."""
    behind = zip(words[1:], words, strict=False)
    return words[0] == "apply" and any(word[:1] != "-" and last not in _FILE for word, last in behind)


def _cluster(text: str) -> EarlyLook | None:
    from vddkctl.site.glimpse import live_cluster_in, name_in

    meant, site = live_cluster_in(text), name_in(text)
    if meant is None or not site:
        return None
    from vddkctl.cluster.live.early import look_early
    from vddkctl.signals import undisturbed

    try:
        # Keys of a kubeconfig are put into files, and these on a list of what is to be removed.
        with undisturbed():
            return look_early(meant.context, meant.namespace, site, os.environ)
    except Exception:  # whatever it is, the command itself comes to it, and tells it
        return None


def _archive(file: Path, text: str, *, chatty: bool) -> Remembered | None:
    from vddkctl.errors import VddkctlError
    from vddkctl.places import Places

    found = re.search(_ARCHIVE, text)
    if not found:
        return None
    try:
        places = Places(file.resolve().parent)
        archive = places.path(found[1])
    except (OSError, ValueError, RuntimeError, VddkctlError):
        return None
    return _begun(places, archive, chatty=chatty) if archive.is_file() else None


def _spec(words: Sequence[str]) -> Path | None:
    """The file that the words name, or the usual one; None where they could name another."""
    named = []
    for word, following in zip(words, (*words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if word in _FILE:
            named.append(following)
        elif name == "--file" and equals:
            named.append(value)
        elif _CLUSTERED.fullmatch(word):
            return None
    if len(named) > 1:
        return None
    return Path(named[0] if named else os.environ.get("VDDKCTL_FILE") or "site.yaml")


def _begun(places: Places, archive: Path, *, chatty: bool) -> Remembered:
    import sys

    from vddkctl.build.archive.begun import begin as begin_to_read
    from vddkctl.build.cache import Cache
    from vddkctl.report.progress import Lines

    return begin_to_read(archive, Cache(places.cache).facts, Lines(sys.stderr, chatty=chatty))
