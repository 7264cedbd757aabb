"""What became of a copy, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.oci.reference import Reference
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.registry.copy import Copied
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import size
from vddkctl.visible import shown


def copy_text(copied: Copied, source: Reference, destination: Reference, style: Style = PLAIN) -> str:
    """What is where now, and what it took, with a final line break."""
    rows = [("digest", copied.digest), ("from", str(source)), *put_rows(copied, destination)]
    lines = [
        style.paint("bold", shown(str(destination))),
        *(f"  {key:<8}{shown(text)}" for key, text in rows),
    ]
    return "\n".join(lines) + "\n"


def copy_json(copied: Copied, source: Reference, destination: Reference) -> dict[str, Any]:
    """The same as data."""
    return {
        "formatVersion": FORMAT_VERSION,
        "source": str(source),
        **put_json(copied, destination),
    }


def put_rows(copied: Copied, destination: Reference) -> Iterator[tuple[str, str]]:
    """The tag, and the bytes."""
    if destination.tag is not None:
        yield "tag", f"{destination.tag}   {_tag(copied)}"
    if copied.unchanged:
        yield "sent", f"nothing: it was there already, {size(copied.size)}"
    elif copied.sent == copied.size:
        yield "sent", size(copied.sent)
    else:
        sent = size(copied.sent) if copied.sent else "nothing"
        yield "sent", f"{sent}; {size(copied.size - copied.sent)} were there, or were mounted"


def put_json(copied: Copied, destination: Reference) -> dict[str, Any]:
    """What was put where, as data. ``bytes`` are of blobs; ``before`` is what the tag named until then."""
    return {
        "destination": str(destination),
        "digest": copied.digest,
        "mediaType": copied.media_type,
        "tag": destination.tag,
        "before": copied.before,
        "unchanged": copied.unchanged,
        "bytes": {"total": copied.size, "sent": copied.sent},
    }


def _tag(copied: Copied) -> str:
    if copied.before is None:
        return "new"
    return "as it was" if copied.before == copied.digest else f"moved from {copied.before}"
