"""What a spec says by its looks: when it cannot be read as it is, or has not been read yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_KIND = re.compile(r"""^["']?apiVersion["']?\s*:\s*["']?vddkctl\.dev/""", re.MULTILINE)
_DECEIVING = re.compile(r"<<|\\|^\? ", re.MULTILINE)
"""What can bring keys in that stand elsewhere, or spell them in other letters."""
_UNSURE = re.compile(r"""manifests|[*&?|>!]|:\s*$""")
_PLAIN = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([^\s"',{}]+))\s*(?:[,}].*)?$""")

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
    """The cluster that a spec means; None for a folder of manifests, and wherever the looks of it might deceive."""
    lines = [line for line in _of(text, "cluster") if line.strip()]
    if not _KIND.search(text) or _DECEIVING.search(text) or any(_UNSURE.search(line) for line in lines):
        return None
    context, namespace = _value(lines, "context"), _value(lines, "namespace")
    if context is None or namespace is None:
        return None
    return LiveCluster(context or None, namespace or None)


def _value(lines: list[str], key: str) -> str | None:
    """What stands behind a key; empty where there is no such key, None where it is not plain to see."""
    said = re.compile(rf"""(?:^|[\s{{,"']){key}["']?\s*:(.*)""")
    behind = [found[1] for found in map(said.search, lines) if found]
    if not behind:
        return ""
    value = _PLAIN.match(behind[0])
    return (value[1] or value[2] or value[3]) if value and len(behind) == 1 else None


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
