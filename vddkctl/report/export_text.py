"""An archive that was written, for people and as data."""

from __future__ import annotations

from typing import Any

from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.registry.export.archive import Exported
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import size
from vddkctl.visible import shown


def export_text(exported: Exported, source: str, file: str, form: str, style: Style = PLAIN) -> str:
    """What the file is, with a final line break."""
    rows = [("digest", exported.digest), ("from", source), ("format", f"{form}, {size(exported.size)}")]
    if form == "docker-archive":
        # Its layers are unpacked: whoever loads it packs them anew.
        rows.append(
            ("note", "an image that is loaded from it has another digest; an oci-archive keeps this one")
        )
    lines = [style.paint("bold", shown(file)), *(f"  {key:<8}{shown(text)}" for key, text in rows)]
    return "\n".join(lines) + "\n"


def export_json(exported: Exported, source: str, file: str, form: str) -> dict[str, Any]:
    """The same as data; ``size`` is the file's, in bytes."""
    return {
        "formatVersion": FORMAT_VERSION,
        "source": source,
        "digest": exported.digest,
        "mediaType": exported.media_type,
        "file": file,
        "format": form,
        "size": exported.size,
    }
