"""The new bytes of a file with some objects edited, checked before anyone writes them."""

from __future__ import annotations

from collections.abc import Sequence as Many
from itertools import groupby
from typing import Any

from msgspec import Struct

from vddkctl.cluster.base import FieldEdit
from vddkctl.cluster.documents import FoundObject, not_utf8, parts_of
from vddkctl.cluster.entry_edits import edits_of
from vddkctl.cluster.yaml_edit.data import canonical, data_of
from vddkctl.cluster.yaml_edit.edit import edit_document
from vddkctl.cluster.yaml_edit.field import Edit, with_edit
from vddkctl.cluster.yaml_edit.parse import parse
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ManifestError

_BY_HAND = "nothing is written; change this object by hand"


class Wanted(Struct, frozen=True, eq=False):
    """One object of a file, and what is to be set in it."""

    found: FoundObject
    edits: tuple[FieldEdit, ...]


class Rewritten(Struct, frozen=True):
    """The new bytes, and why some objects are as they were, by their number in what was asked for."""

    data: bytes
    failed: dict[int, ManifestError]


def rewrite(data: bytes, wanted: Many[Wanted]) -> Rewritten:
    """Edit objects of one file. Every byte outside of the fields that change is kept.

    Raises ManifestError when the whole file cannot be edited.
    """
    _check_utf8(data, wanted)
    failed: dict[int, ManifestError] = {}
    new: dict[int, bytes] = {}
    numbered = sorted(enumerate(wanted), key=lambda pair: pair[1].found.part.start)
    for start, group in groupby(numbered, key=lambda pair: pair[1].found.part.start):
        new[start] = _edited(list(group), failed).encode()
    parts = parts_of(data)
    position = parts[0].start
    starts: list[int] = []  # where documents must begin in the new file
    pieces = [data[:position]]
    for part in parts:
        starts.append(position)
        pieces.append(new.get(part.start, data[part.start : part.end]))
        position += len(pieces[-1])
    result = b"".join(pieces)
    if [part.start for part in parts_of(result)] != starts:
        raise ManifestError(
            "the edits would move a document", where=wanted[0].found.file.shown, hint=_BY_HAND
        )
    return Rewritten(result, failed)


def _edited(group: list[tuple[int, Wanted]], failed: dict[int, ManifestError]) -> str:
    """Return a document's new text. Objects whose edits fail stay as they are."""
    source = group[0][1].found.document.source
    if len(group) > 1:
        try:
            return _attempt(source, group, failed)
        except ManifestError:  # one of them spoils it for the others
            pass
    for pair in group:
        try:
            source = Source(_attempt(source, [pair], failed), source.file, source.first_line)
        except ManifestError as error:
            what = f"this cannot be edited safely: {error.what}"
            failed[pair[0]] = ManifestError(what, where=pair[1].found.place, hint=_BY_HAND)
    return source.text


def _attempt(source: Source, group: list[tuple[int, Wanted]], failed: dict[int, ManifestError]) -> str:
    json_only = group[0][1].found.file.relative.endswith(".json")
    edits = [_edits(item) for _, item in group]
    edited = edit_document(source, edits, json_only=json_only)
    done = [edit for number, each in enumerate(edits) if number not in edited.failed for edit in each]
    _check(source, edited.text, done, json_only=json_only)
    failed |= {group[number][0]: error for number, error in edited.failed.items()}
    return edited.text


def _edits(wanted: Wanted) -> list[Edit]:
    found = wanted.found
    return edits_of(wanted.edits, found.data, found.item, found.place)


def _check(source: Source, text: str, edits: list[Edit], *, json_only: bool) -> None:
    """Make sure that the new text says what the old one did, with exactly these edits."""
    before = parse(source, json_only=json_only)
    new = Source(text, source.file, source.first_line)
    after = parse(new, json_only=json_only)
    if before.root is None or after.root is None:
        raise source.error(0, "the document is empty")
    expected = data_of(source, before.root)
    for edit in edits:
        expected = _with_edit(expected, edit)
    if canonical(data_of(new, after.root)) != canonical(expected) or before.json != after.json:
        raise source.error(before.root.start, "the edit would change something else too")


def _with_edit(data: Any, edit: Edit) -> Any:
    if edit.item is None:
        return with_edit(data, edit)
    items = list(data["items"])
    items[edit.item] = with_edit(items[edit.item], edit)
    return {**data, "items": items}


def _check_utf8(data: bytes, wanted: Many[Wanted]) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise not_utf8(f"{wanted[0].found.file.shown}:{line}") from None
