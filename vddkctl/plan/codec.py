"""Plans and records as JSON, and back.

A reader ignores fields it does not know, and refuses a format of another major version.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import ValidationError, convert, to_builtins
from msgspec.json import format as indented

from vddkctl.errors import ClusterError, DamagedRecordError, PlanFileError
from vddkctl.oci.digest import digest_of
from vddkctl.plan.model import FORMAT_VERSION, Plan
from vddkctl.plan.record import Record

convert({"site": "", "applied": {}}, Record)
"""msgspec learns the type now, in the one thread that imports this: two threads that read records would learn it both,
and crash (see ``vddkctl.decoding``)."""


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A plan as plain data, in the order people read it."""
    data: dict[str, Any] = to_builtins(plan)
    summary = {k: getattr(plan.summary, k) for k in ("create", "update", "replace", "release", "unchanged")}
    head = ("formatVersion", "tool", "site", "siteDigest", "location")
    tail = ("images", "managed", "disowned", "gone")
    middle = [key for key in data if key not in head and key not in tail]
    order = [*head, *middle]
    return {**{k: data[k] for k in order}, "summary": summary, **{k: data[k] for k in tail}}


def encode_plan(plan: Plan) -> bytes:
    """A plan as a file: the same plan gives the same bytes."""
    return _dump(plan_to_json(plan))


def decode_plan(content: bytes, name: str) -> Plan:
    """Read a saved plan. Raises :class:`~vddkctl.errors.PlanFileError`."""
    data = _parse(content, name, "a saved plan", PlanFileError)
    try:
        return convert(data, Plan)
    except ValidationError as error:
        raise PlanFileError(
            f"not a plan that this version can read: {error}",
            where=name,
            hint="make it again with: vddkctl plan -o FILE",
        ) from None


def encode_record(record: Record) -> bytes:
    """A record as a file. Its checksum tells one that was edited by hand from one that was written."""
    return sealed({"formatVersion": FORMAT_VERSION, **to_builtins(record)})


def sealed(data: dict[str, Any]) -> bytes:
    """A record's data as a file, with its checksum."""
    return _dump({"formatVersion": data["formatVersion"], "checksum": _checksum(data), **data})


def decode_record(content: bytes, name: str) -> Record:
    """Read a record.

    Raises :class:`~vddkctl.errors.DamagedRecordError` for one that was damaged or edited, ClusterError for one of a
    newer vddkctl.
    """
    data = _parse(content, name, "a record", DamagedRecordError)
    told = data.pop("checksum", None)
    if told != _checksum(data):
        why = "does not fit" if told is not None else "is missing"
        raise DamagedRecordError(
            f"the record was edited by hand: its checksum {why}", where=name, hint=RECORD_HINT
        )
    try:
        return convert(data, Record)
    except ValidationError as error:
        raise DamagedRecordError(f"the record is damaged: {error}", where=name, hint=RECORD_HINT) from None


RECORD_HINT = (
    "bring it back from a backup (in a folder of manifests: from Git); or let vddkctl apply begin a new one: "
    "it keeps this one aside, but drift before it is not seen"
)


def _checksum(data: dict[str, Any]) -> str:
    return digest_of(json.dumps(data, sort_keys=True, separators=(",", ":")).encode())


def _dump(data: dict[str, Any]) -> bytes:
    try:
        return indented(json.dumps(data, ensure_ascii=False).encode(), indent=2) + b"\n"
    except UnicodeEncodeError:
        # A folder's name may hold bytes that are no UTF-8: a surrogate is written as JSON's own escape, which msgspec
        # does not read. Python's own indenting gives the same, and takes ten times as long.
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        return text.encode(errors="backslashreplace")


def _parse(
    content: bytes, name: str, what: str, kind: type[PlanFileError] | type[DamagedRecordError]
) -> dict[str, Any]:
    hint = "make one with: vddkctl plan -o FILE" if kind is PlanFileError else RECORD_HINT
    if not content.strip():
        raise kind(f"not {what}: it is empty", where=name, hint=hint)
    if b"<<<<<<< " in content and b">>>>>>> " in content:
        raise kind(f"not {what}: it has a conflict of a Git merge in it", where=name, hint=hint)
    try:
        data = json.loads(content)
    except RecursionError:
        raise kind(f"not {what}: it is nested too deeply", where=name, hint=hint) from None
    except ValueError as error:
        raise kind(f"not {what}: it is not JSON, or not whole: {error}", where=name, hint=hint) from None
    version = data.get("formatVersion") if isinstance(data, dict) else None
    if not isinstance(version, str):
        raise kind(f"not {what}: no formatVersion", where=name, hint=hint)
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        newer = PlanFileError if kind is PlanFileError else ClusterError
        raise newer(
            f"format {version} is not known to this version, which reads {FORMAT_VERSION}",
            where=name,
            hint="use the vddkctl that wrote it",
        )
    return dict(data)
