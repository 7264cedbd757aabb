"""What a spec says by its looks: when it cannot be read as it is, or has not been read yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_KIND = re.compile(r"""^["']?apiVersion["']?\s*:\s*["']?vddkctl\.dev/""", re.MULTILINE)
_FOLDER = re.compile(r"""["']?manifests["']?\s*:""")
_MOST = 2000
"""Lines that are looked through: the name stands at the top."""
_NAME = re.compile(r"""(?:^|[\s{,"'])name["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?=["'\s,}]|$)""")


class LiveCluster(Struct, frozen=True):
    """A cluster with an API server: the kubeconfig's context, Forklift's namespace; None: the spec leaves it out."""

    context: str | None
    namespace: str | None


def name_in(text: str) -> str:
    """What stands behind ``metadata: name:``, by the looks of the lines; empty where nothing looks like it."""
    for line in _of(text, "metadata"):
        found = _NAME.search(line)
        if found:
            return found[1]
    return ""


def live_cluster_in(text: str) -> LiveCluster | None:
    """The cluster that a spec means; None for a folder of manifests, and where nothing looks like a spec."""
    lines = list(_of(text, "cluster"))
    if not _KIND.search(text) or any(_FOLDER.search(line) for line in lines):
        return None
    return LiveCluster(_value(lines, "context"), _value(lines, "namespace"))


def _value(lines: list[str], key: str) -> str | None:
    value = re.compile(rf"""(?:^|[\s{{,"']){key}["']?\s*:\s*(?:"([^"]*)"|'([^']*)'|([^\s"',{{}}]+))""")
    found = next(filter(None, map(value.search, lines)), None)
    return found and (found[1] or found[2] or found[3])


def _of(text: str, key: str) -> Iterator[str]:
    """The rest of the line that begins with a key, and what is indented below it; without comments."""
    begins = re.compile(rf"""["']?{key}["']?\s*:""")
    inside = False
    for line in text.removeprefix("\ufeff").splitlines()[:_MOST]:
        begun = begins.match(line)
        if begun:
            inside = True
            yield line[begun.end() :].partition(" #")[0]
        elif line[:1].strip() and line[0] != "#":
            inside = False
        elif inside and not line.lstrip().startswith("#"):
            yield line.partition(" #")[0]
