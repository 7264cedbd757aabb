"""One change, for people: its address, its reason, and what each field was and will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vddkctl.plan import fields
from vddkctl.plan.model import Action, Change, FieldChange, FoundImage, ImageWork, Origin, Reason
from vddkctl.plan.unknown import is_unknown
from vddkctl.report.style import Style
from vddkctl.report.words import json_text, object_text, reference, short, size
from vddkctl.visible import shown

_MARKS: Mapping[Action, tuple[str, str]] = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("±", "yellow"),
    Action.RELEASE: ("-", "red"),
}
_NAMES = ("spec.settings.", "spec.", "data.", "metadata.")
_KNOWN_LATER = "(known after apply)"
_PREFIXES = ("VixDiskLib.nfcAio.Session.", "vixDiskLib.nfcAio.Session.")


def change_lines(change: Change, tags: Mapping[str, str], style: Style) -> Iterator[str]:
    """The lines of one change, indented."""
    mark, colour = _MARKS[change.action]
    address = shown(change.address)
    head = style.paint(colour, mark) + " " + style.paint("bold", address)
    gap = " " * max(2, 48 - len(address))
    yield f"  {head}{gap}{style.paint('dim', change.reason)}"
    if change.image:
        yield from _image_lines(change.image, change)
    else:
        width = max(len(field_name(field.path)) for field in change.fields)
        for field in change.fields:
            yield from _field_lines(field, change, width, tags, style)


def field_name(path: str) -> str:
    """``vddkInitImage`` of ``spec.settings.vddkInitImage``."""
    for prefix in _NAMES:
        if path.startswith(prefix):
            return shown(path.removeprefix(prefix))
    return shown(path)


def values(field: FieldChange, before: object, after: object, tags: Mapping[str, str]) -> list[str]:
    """How a field goes from one value to another, in as few lines as it takes."""
    if field.sensitive:
        return ["(sensitive, changed)"]
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        return [f"{_parts(before)} → {_parts(after)}"]
    if field.path == fields.CONFIG:
        return [shown(line) for line in _config(_text(before), _text(after))]
    return [f"{_shown(before, tags)} → {_shown(after, tags)}"]


def found_text(found: FoundImage) -> str:
    """``VDDK 8.0.1, archive sha256:5f0c81d2…``, or ``an image of 2023-03-28``: what an image says of itself."""
    if found.archive_sha256:
        archive = f"archive {short(f'sha256:{found.archive_sha256}')}"
        return f"VDDK {found.version}, {archive}" if found.version else archive
    return f"an image of {found.created[:10]}" if found.created else ""


def _making(image: ImageWork) -> Iterator[str]:
    if image.inputs is None and not image.restores:
        verbatim = image.layer_verbatim
        how = "the archive itself, nothing repacked" if verbatim else "a normalised copy of the archive"
        yield f"      layer     {short(image.layer_digest)}   {how}"
    elif image.restores:
        yield "      build     none: the image is still there, and gets its tag back"
    else:
        dockerfile = shown(str(image.spec.get("dockerfile", "the usual Dockerfile")))
        yield f"      build     with {image.builder}, {dockerfile}"


def base_name(image: ImageWork) -> str:
    """The base as the spec has it."""
    from vddkctl.site.model import DEFAULT_BASE

    known = [name for name, digest in image.bases.items() if digest == image.base_digest]
    return str(known[0] if known else image.spec.get("base", DEFAULT_BASE)).partition("@")[0]


def _image_lines(image: ImageWork, change: Change) -> Iterator[str]:
    published = ", matches the vendor's published checksum" if image.published else ""
    yield f"      {shown(image.reference)}"
    if image.archive_sha256:
        yield f"      archive   VDDK {image.version}, {image.machine}, {size(image.archive_size)}{published}"
    yield from _making(image)
    before = change.found.base_digest if change.found else None
    if before and before != image.base_digest:
        yield f"      base      {short(before)} → {short(image.base_digest)}   {shown(base_name(image))}"
    field = change.fields[0]
    if field.before == field.after:
        yield f"      digest    {short(image.digest)}   a part of what the tag names is missing"
        return
    was = f"{short(str(field.before))} → " if field.before else ""
    yield f"      digest    {was}{_KNOWN_LATER if is_unknown(image.digest) else short(image.digest)}"
    found = found_text(change.found) if change.found else ""
    if found:
        yield f"      was       {shown(found)}"
    if field.origin is not Origin.SPEC:
        now = "removed" if field.before is None else "moved"
        yield f"                the tag was {now} by someone else since the last apply"


def _field_lines(
    field: FieldChange, change: Change, width: int, tags: Mapping[str, str], style: Style
) -> Iterator[str]:
    name = field_name(field.path).ljust(width)
    blank = " " * width
    created = change.action is Action.CREATE
    for number, line in enumerate(
        _created(field, tags) if created else values(field, field.before, field.after, tags)
    ):
        yield f"      {name if number == 0 else blank}   {line}"
    if change.reason == Reason.BROKEN_BUFFER_KEY and field.path == fields.CONFIG:
        yield f"      {blank}   {style.paint('dim', 'the library ignores BufSizeIn64K')}"
    note = _origin_note(field)
    if change.take and field.conflict:
        note = f"{note}, and is taken from {field.owner}" if note else f"is taken from {field.owner}"
    if note:
        yield f"      {blank}   {style.paint('dim', shown(note))}"


def _created(field: FieldChange, tags: Mapping[str, str]) -> list[str]:
    """A field of something new: there was nothing before."""
    if field.sensitive:
        return ["(sensitive)"]
    return [line.removeprefix("(not set) → ") for line in values(field, None, field.after, tags)]


def _parts(value: object) -> str:
    return shown(object_text(value)) if isinstance(value, Mapping) else _shown(value, {})


def _origin_note(field: FieldChange) -> str:
    by = f" by {field.owner}" if field.owner else ""
    on = f" on {field.since.replace('T', ' ').removesuffix('Z')[:16]}" if field.since else ""
    at = f" at {field.where}" if field.where else ""
    if field.origin is Origin.SPEC:
        known = (field.before is not None or field.sensitive) and (by or on or at)
        return f"set{by}{on}{at}" if known else ""
    return f"changed{by or ' by someone else'}{on}{at} since the last apply"


def _config(before: str, after: str) -> list[str]:
    """Line by line; a line that stays in its place, or only gets another value, is one line here."""
    old, new = _bare(before), _bare(after)
    gone = [line for line in old if line not in new]
    come = [line for line in new if line not in old]
    lines: list[str] = []
    for line in gone:
        successor = next((other for other in come if _setting(other) == _setting(line)), None)
        if successor:
            come.remove(successor)
        lines.append(f"{line} → {successor}" if successor else f"- {line}")
    return lines + [f"+ {line}" for line in come] or ["(repeated and stray lines are removed)"]


def _setting(line: str) -> str:
    """The setting a line is about; the misspelt one is about the right one."""
    name = line.partition("=")[0].strip()
    return "BufSizeIn64KB" if name == "BufSizeIn64K" else name


def _bare(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for prefix in _PREFIXES:
        lines = [line.removeprefix(prefix) for line in lines]
    return lines


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _shown(value: object, tags: Mapping[str, str]) -> str:
    if value is None:
        return "(not set)"
    if isinstance(value, str):
        return shown(reference(value, tags)) or '""'
    return f"{shown(json_text(value))} (not a text)"
