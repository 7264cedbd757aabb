"""How a refusal of an archive is worded: where, what, and what to do next."""

from __future__ import annotations

from vddkctl.errors import ArchiveError

DOWNLOAD_AGAIN = "download it again, and compare its checksum with the vendor's"
PACK_AGAIN = "use the vendor's own archive, or pack it again on Linux with tar and gzip"
NOT_VENDORS = "use the vendor's own archive; this one was changed on the way"


def shown(name: str) -> str:
    """A name from an archive, safe to print: control characters and bytes that are no UTF-8 are escaped."""
    text = name if name.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    return text if len(text) <= 300 else f"{text[:200]}…{text[-90:]}"


def refused(label: str, what: str, *, entry: str = "", hint: str = NOT_VENDORS) -> ArchiveError:
    """Make the error for the archive at ``label``, and for one of its entries, if it is about one."""
    return ArchiveError(what, where=f"{label}: {shown(entry)}" if entry else label, hint=hint)


def changed(label: str) -> ArchiveError:
    """Make the error for an archive that is another one than the one that was inspected."""
    return refused(label, "was changed since it was inspected", hint="run again")
