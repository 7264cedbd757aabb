"""What can be begun while the command line itself is still loading: to read the archive, the longest part of a run.

A guess by the looks of the words and of the spec. A wrong one costs the reading of a file that nobody asks for; what
counts is what the command says once it runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vddkctl.build.archive.inspection import Remembered
    from vddkctl.places import Places

_COMMANDS = ("plan", "apply")
_FILE = ("-f", "--file")
_MOST = 1 << 20
"""Bytes of a spec that are looked through."""
_ARCHIVE = r"""\bpath:\s*["']?([^\s"',}#]+\.gz)\b"""


def begin(words: Sequence[str]) -> Remembered | None:
    """Begin to read the first archive that the spec seems to name. Never raises."""
    if not words or words[0] not in _COMMANDS or {"-h", "--help"} & set(words):
        return None
    from vddkctl.errors import VddkctlError
    from vddkctl.places import Places

    try:
        file = _spec(words)
        with file.open("rb") as spec:
            found = re.search(_ARCHIVE, spec.read(_MOST).decode("utf-8", "replace"))
        if not found:
            return None
        places = Places(file.resolve().parent)
        archive = places.path(found[1])
    except (OSError, ValueError, RuntimeError, VddkctlError):
        return None
    if not archive.is_file():
        return None
    return _begun(places, archive, chatty="-v" in words)


def _spec(words: Sequence[str]) -> Path:
    import os

    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--file" and equals:
            return Path(value)
        if word in _FILE:
            return Path(words[number + 1] if len(words) > number + 1 else "")
    return Path(os.environ.get("VDDKCTL_FILE") or "site.yaml")


def _begun(places: Places, archive: Path, *, chatty: bool) -> Remembered:
    import sys

    from vddkctl.build.archive.begun import begin as begin_to_read
    from vddkctl.build.cache import Cache
    from vddkctl.report.progress import Lines

    return begin_to_read(archive, Cache(places.cache).facts, Lines(sys.stderr, chatty=chatty))
