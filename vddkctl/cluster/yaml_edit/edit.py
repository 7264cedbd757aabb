"""Edits of the objects in one document: which characters change, and then the new text.

Every step works on the characters' places in a freshly parsed text, so no edit has to know of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Many

from msgspec import Struct

from vddkctl.cluster.yaml_edit.field import Edit, field_splices
from vddkctl.cluster.yaml_edit.parse import Document, parse
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.cluster.yaml_edit.splice import Splice, spliced
from vddkctl.errors import ManifestError

_BY_HAND = "change it by hand"


class Edited(Struct, frozen=True):
    """The new text, and why some objects are as they were, by their number."""

    text: str
    failed: dict[int, ManifestError]


def edit_document(source: Source, objects: Many[Many[Edit]], *, json_only: bool = False) -> Edited:
    """Make the edits of all these objects; those of an object that fails are left out together."""
    document = parse(source, json_only=json_only)
    failed: dict[int, ManifestError] = {}
    _collect(document, [(number, edit) for number, edits in enumerate(objects) for edit in edits], failed)
    while True:
        wanted = {number: edits for number, edits in enumerate(objects) if number not in failed}
        text, later = _edited(document, wanted, json_only=json_only)
        if not later:
            return Edited(text, failed)
        failed |= later


def _edited(
    document: Document, objects: dict[int, Many[Edit]], *, json_only: bool
) -> tuple[str, dict[int, ManifestError]]:
    failed: dict[int, ManifestError] = {}
    for batch in _batches(objects, together=not document.aliases):
        splices = _collect(document, batch, failed)
        if failed:
            break
        if splices:
            source = document.source
            source = Source(_spliced(source, splices), source.file, source.first_line)
            document = parse(source, json_only=json_only)
    return document.source.text, failed


def _collect(
    document: Document, batch: Iterable[tuple[int, Edit]], failed: dict[int, ManifestError]
) -> list[Splice]:
    splices: list[Splice] = []
    for number, edit in batch:
        try:
            splices += field_splices(document, edit)
        except ManifestError as error:
            failed.setdefault(number, error)
    return splices


def _batches(objects: dict[int, Many[Edit]], *, together: bool) -> Iterable[list[tuple[int, Edit]]]:
    """Objects are independent of each other, so one parse serves a step of each.

    Aliases can tie them together; then each edit gets a parse of its own.
    """
    if not together:
        yield from ([(number, edit)] for number, edits in objects.items() for edit in edits)
        return
    for turn in range(max((len(edits) for edits in objects.values()), default=0)):
        yield [(number, edits[turn]) for number, edits in objects.items() if turn < len(edits)]


def _spliced(source: Source, splices: list[Splice]) -> str:
    try:
        return spliced(source.text, splices)
    except ValueError as error:
        start = min(splice.start for splice in splices)
        raise source.error(start, f"this cannot be edited: {error}", _BY_HAND) from None
