"""Finding Forklift's objects in the bytes of a file, and leaving all else unread.

A folder of manifests holds other things too, templates and broken files among them. A file is cut into documents
by its ``---`` lines alone, and only documents that speak of Forklift's kinds are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as Many
from itertools import pairwise
from typing import Any

from msgspec import Struct

from vddkctl.cluster.manifest_files import ManifestFile
from vddkctl.cluster.yaml_edit.data import data_of, find_pair, scalar_value
from vddkctl.cluster.yaml_edit.parse import Document, parse
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ManifestError
from vddkctl.plan.observed import Kind, Unread
from vddkctl.yamltext.nodes import Mapping, Node, Scalar, Sequence, resolved

BOM = b"\xef\xbb\xbf"
_GROUP = b"forklift.konveyor.io"
FORKLIFTS: frozenset[Kind] = frozenset({"Provider", "ForkliftController"})
"""The kinds that every look is about."""
_ACCOUNT = b"ServiceAccount"
_MARKER = re.compile(rb"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SURELY_KIND = re.compile(rb"""kind["']?[ \t]*:[ \t]*["']?(?:Provider|ForkliftController)\b""")
_SURELY_GROUP = re.compile(rb"""apiVersion["']?[ \t]*:[ \t]*["']?forklift\.konveyor\.io/""")


class Part(Struct, frozen=True):
    """One document's bytes in a file: from ``start`` up to ``end``, beginning on line ``line``."""

    start: int
    end: int
    line: int


class FoundObject(Struct, frozen=True, eq=False):
    """One object. ``namespace`` is None where the manifest leaves it out.

    ``item`` is its number in a List, None when it is the whole document.
    """

    kind: Kind
    namespace: str | None
    name: str
    data: dict[str, Any]
    file: ManifestFile
    part: Part
    document: Document
    node: Mapping
    item: int | None

    @property
    def line(self) -> int:
        """The line it begins on."""
        return self.document.source.line(self.node.start)

    @property
    def place(self) -> str:
        """``file:line`` for errors."""
        return f"{self.file.shown}:{self.line}"


def parts_of(data: bytes) -> list[Part]:
    """Cut a file into documents at its ``---`` and ``...`` lines; together they are the whole file, but its BOM."""
    start = len(BOM) if data.startswith(BOM) else 0
    cuts = [start]
    for found in _MARKER.finditer(data, start):
        if data[found.start()] == ord("-"):
            cut = found.start()
        else:  # what ends a document belongs to it
            end = data.find(b"\n", found.end())
            cut = len(data) if end < 0 else end + 1
        if cut > cuts[-1]:
            cuts.append(cut)
    cuts.append(len(data))
    parts: list[Part] = []
    line = 1
    for begin, end in pairwise(cuts):
        parts.append(Part(begin, end, line))
        line += data.count(b"\n", begin, end)
    return parts


def find_objects(
    file: ManifestFile,
    data: bytes,
    unread: list[Unread] | None = None,
    speaking_of: Many[bytes] = (),
    kinds: frozenset[Kind] = FORKLIFTS,
) -> Iterator[FoundObject]:
    """Give the objects of these kinds in a file, also those in a List. Raises ManifestError.

    A Helm template is no YAML and no object yet: it is passed by, and put on ``unread``. With ``speaking_of``, only
    documents that hold one of these words are parsed.
    """
    accounts = "ServiceAccount" in kinds and _ACCOUNT in data
    if _GROUP not in data and not accounts:
        _check_encoding(file, data)
        return
    forklifts = [kind.encode() for kind in kinds if kind != "ServiceAccount"]
    for part in parts_of(data):
        chunk = data[part.start : part.end]
        if speaking_of and not any(word in chunk for word in speaking_of):
            continue
        if (_GROUP in chunk and any(kind in chunk for kind in forklifts)) or (accounts and _ACCOUNT in chunk):
            yield from _in_part(file, chunk, part, unread if unread is not None else [], kinds)


def _in_part(
    file: ManifestFile, chunk: bytes, part: Part, unread: list[Unread], kinds: frozenset[Kind]
) -> Iterator[FoundObject]:
    surely = _SURELY_GROUP.search(chunk) and _SURELY_KIND.search(chunk)
    try:
        source = Source(_decoded(file, chunk, part), file.shown, part.line)
        document = parse(source, json_only=file.relative.endswith(".json"))
    except ManifestError:
        if b"{{" in chunk:
            unread.append(Unread(f"{file.relative}:{part.line}", "a template, and not YAML; it is passed by"))
            return
        if surely:
            raise
        return  # another kind of thing that only mentions Forklift
    root = resolved(document.root) if document.root else None
    if not isinstance(root, Mapping):
        return
    for item, node in _candidates(root):
        kind, group = _text(node, "kind"), _text(node, "apiVersion")
        known = group == "v1" if kind == "ServiceAccount" else group.startswith("forklift.konveyor.io/")
        if kind in kinds and known:
            yield _found(file, part, document, node, item, kind)


def _candidates(root: Mapping) -> Iterator[tuple[int | None, Mapping]]:
    if not _text(root, "kind").endswith("List"):
        yield None, root
        return
    items = find_pair(root, "items")
    if items and isinstance(items[1], Sequence):
        for number, item in enumerate(items[1].items):
            node = resolved(item)
            if isinstance(node, Mapping):
                yield number, node


def _text(node: Mapping, name: str) -> str:
    pair = find_pair(node, name)
    value: Node | None = resolved(pair[1]) if pair else None
    text = scalar_value(value) if isinstance(value, Scalar) else None
    return text if isinstance(text, str) else ""


def _found(
    file: ManifestFile, part: Part, document: Document, node: Mapping, item: int | None, kind: Kind
) -> FoundObject:
    source = document.source
    data = data_of(source, node)
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if not isinstance(name, str) or not name:
        raise source.error(node.start, f"this {kind} has no name", "give it one in `metadata.name`, as text")
    if namespace is not None and not isinstance(namespace, str):
        raise source.error(node.start, f"the namespace of {kind} {name} is not text", "put it in quotes")
    if not isinstance(data.get("spec"), dict | None):
        raise source.error(node.start, f"the spec of {kind} {name} is not a mapping")
    return FoundObject(kind, namespace or None, name, data, file, part, document, node, item)


def _decoded(file: ManifestFile, chunk: bytes, part: Part) -> str:
    try:
        return chunk.decode()
    except UnicodeDecodeError as error:
        line = part.line + chunk.count(b"\n", 0, error.start)
        raise not_utf8(f"{file.shown}:{line}") from None


def not_utf8(where: str) -> ManifestError:
    """Return the error for a file in another encoding."""
    return ManifestError("this file is not UTF-8", where=where, hint="convert it: iconv -t UTF-8")


def _check_encoding(file: ManifestFile, data: bytes) -> None:
    for encoding, bom in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        if data.startswith(bom) and _GROUP.decode().encode(encoding) in data:
            raise not_utf8(file.shown)
