"""An index that was made, for people and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vddkctl.oci.reference import Reference
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.registry.copy import Copied
from vddkctl.registry.joined import Member
from vddkctl.report.copy_text import put_json, put_rows
from vddkctl.report.style import PLAIN, Style
from vddkctl.visible import shown


def index_text(
    copied: Copied, members: Sequence[Member], destination: Reference, style: Style = PLAIN
) -> str:
    """What the index is, and the images in it, with a final line break."""
    width = max(len(str(member.platform)) for member in members)
    images = [
        ("" if number else "images", f"{member.platform!s:<{width}}   {member.whole.descriptor.digest}")
        for number, member in enumerate(members)
    ]
    rows = [("digest", copied.digest), *images, *put_rows(copied, destination)]
    lines = [
        style.paint("bold", shown(str(destination))),
        *(f"  {key:<8}{shown(text)}" for key, text in rows),
    ]
    return "\n".join(lines) + "\n"


def index_json(copied: Copied, members: Sequence[Member], destination: Reference) -> dict[str, Any]:
    """The same as data."""
    return {
        "formatVersion": FORMAT_VERSION,
        **put_json(copied, destination),
        "images": [
            {
                "platform": str(member.platform),
                "digest": member.whole.descriptor.digest,
                "mediaType": member.whole.descriptor.media_type,
                "source": member.origin,
            }
            for member in members
        ],
    }
