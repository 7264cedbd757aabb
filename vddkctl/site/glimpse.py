"""The name of a site whose spec cannot be read as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST = 2000
"""Lines that are looked through: the name stands at the top."""
_NAME = re.compile(r"""(?:^|[\s{,"'])name["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?=["'\s,}]|$)""")
_METADATA = re.compile(r"""["']?metadata["']?\s*:""")


def name_in(text: str) -> str:
    """What stands behind ``metadata: name:``, by the looks of the lines; empty where nothing looks like it."""
    for line in _of_metadata(text.removeprefix("\ufeff").splitlines()[:_MOST]):
        found = _NAME.search(line.partition(" #")[0])
        if found:
            return found[1]
    return ""


def _of_metadata(lines: list[str]) -> Iterator[str]:
    """The rest of the line that begins with ``metadata:``, and what is indented below it."""
    inside = False
    for line in lines:
        begun = _METADATA.match(line)
        if begun:
            inside = True
            yield line[begun.end() :]
        elif line[:1].strip() and line[0] != "#":
            inside = False
        elif inside and not line.lstrip().startswith("#"):
            yield line
