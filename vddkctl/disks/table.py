"""Disks from a CSV: an export of RVTools (vDisk, vInfo), or a table written by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.vddk.tuning import Disk

_UNITS = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
_PROVIDER = ("provider", "provider name")
_SERVER = ("vi sdk server", "vcenter", "vcenter server")
_TEMPLATE = ("template",)
_VM = ("vm", "vm name", "name", "virtual machine")
_SIZE = ("capacity", "size", "disk size", "disk", "disk capacity", "total disk capacity", "provisioned")
"""Names of columns, without their units; of several that are there the first counts."""
_HEADER = re.compile(r"(?P<name>.*?)[\s_(\[]*(?P<unit>bytes?|[kmgt]i?b)?[)\]]*", re.IGNORECASE)
_VALUE = re.compile(r"(?P<number>[0-9][0-9.,\u00a0\u202f ']*)\s*(?P<unit>[A-Za-z]*)")
_GROUPED = re.compile(r"[0-9]{1,3}(?P<mark>[.,])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
_UNSURE = re.compile(r"[0-9]{1,3}[.,][0-9]{3}")
"""In a table with semicolons: a thousand and something where people write so, or one and something."""
_NO_DISK = 1_000_000
"""Bytes below which no disk is: a smaller number without a unit is meant in another one."""
_MOST_DIGITS = 18
_RVTOOLS_MB = re.compile(r"(capacity|total disk capacity|provisioned) mb", re.IGNORECASE)
"""Older exports of RVTools write MB and mean MiB."""


class _Columns(Struct, frozen=True):
    provider: int | None
    server: int | None
    template: int | None
    vm: int | None
    size: int
    unit: int | None
    semicolons: bool


def disks_of_table(path: Path, shown: str, provider: str | None) -> list[Disk]:
    """Every disk, one for each row with a size. ``provider`` is that of rows that name none.

    Raises VddkctlError with the line that cannot be understood.
    """
    text = _text(path, shown)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = next(rows, None)
        if header and header[0].lower().startswith("sep="):  # Excel's own hint to itself
            header = next(rows, None)
        if not header:
            raise VddkctlError("the table is empty", where=shown)
        columns = _columns(header, shown, semicolons=rows.dialect.delimiter == ";")
        found = list(_disks(rows, columns, shown, provider))
    except csv.Error as error:
        raise VddkctlError(f"this is no CSV: {error}", where=f"{shown}:{rows.line_num}") from None
    if not found:
        raise VddkctlError("there is no disk in the table", where=shown)
    return found


def _text(path: Path, shown: str) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise VddkctlError("no such file", where=shown) from None
    except OSError as error:
        raise VddkctlError(f"cannot be read: {error.strerror}", where=shown) from None
    if content.startswith(b"PK"):
        raise VddkctlError("a workbook, and no CSV", where=shown, hint="save its sheet vDisk as CSV UTF-8")
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # "Unicode text" of Excel
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VddkctlError("not UTF-8", where=shown, hint="save the table as CSV UTF-8") from None


def _disks(rows: Any, columns: _Columns, shown: str, provider: str | None) -> Iterator[Disk]:
    for row in rows:
        cell = _cell(row, columns.size)
        if not cell or _cell(row, columns.template).lower() in ("true", "1", "yes"):  # which are not moved
            continue
        size = _size(cell, columns, f"{shown}:{rows.line_num}")
        name = _cell(row, columns.provider) or provider or ""
        server = "" if name else _cell(row, columns.server)
        yield Disk(name, _cell(row, columns.vm) or f"row {rows.line_num}", size, server)


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0].strip()
    if head.lower().startswith("sep=") and len(head) == 5:
        return head[4]
    return max(",;\t", key=head.count)


def _columns(header: Sequence[str], shown: str, *, semicolons: bool) -> _Columns:
    names = [_parts(title) for title in header]
    plain = [name for name, _ in names]
    # RVTools' column "Disk" is the disk's name.
    usable = [
        name if title.strip().lower() != "disk" else "" for name, title in zip(plain, header, strict=True)
    ]
    size = _first(usable, _SIZE)
    if size is None:
        raise VddkctlError(
            f"no column has the sizes of disks; there are: {', '.join(header)}",
            where=f"{shown}:1",
            hint="call it size, with a unit: size_gb, or Capacity MiB as RVTools does",
        )
    unit = "mib" if _RVTOOLS_MB.fullmatch(header[size].strip()) else names[size][1]
    return _Columns(
        provider=_first(plain, _PROVIDER),
        server=_first(plain, _SERVER),
        template=_first(plain, _TEMPLATE),
        vm=_first(plain, _VM),
        size=size,
        unit=_UNITS[unit] if unit else None,
        semicolons=semicolons,
    )


def _parts(title: str) -> tuple[str, str]:
    """A column's name and its unit, in lower case: ``("capacity", "mib")`` of ``Capacity MiB``."""
    match = _HEADER.fullmatch(title.strip())
    if match is None:
        return "", ""
    return match["name"].strip(" _-").replace("_", " ").lower(), (match["unit"] or "").lower()


def _first(plain: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((plain.index(name) for name in wanted if name in plain), None)


def _cell(row: Sequence[str], index: int | None) -> str:
    return row[index].strip() if index is not None and index < len(row) else ""


def _size(cell: str, columns: _Columns, where: str) -> int:
    match = _VALUE.fullmatch(cell)
    unit = match["unit"].lower() if match else ""
    digits = re.sub(r"[\u00a0\u202f ']", "", match["number"]) if match else ""
    value = _number(digits)
    if value is None or unit not in _UNITS:
        raise VddkctlError(f"{cell!r} is no size", where=where, hint="such as 40, 40 GB or 40.5GiB")
    if columns.semicolons and _UNSURE.fullmatch(digits):
        raise VddkctlError(
            f"{cell!r} can be read in two ways", where=where, hint="write sizes without a mark for thousands"
        )
    factor = _UNITS[unit] if unit else columns.unit
    if factor is None and 0 < value < _NO_DISK:
        raise VddkctlError(
            f"{cell!r} of what?",
            where=where,
            hint="put the unit into the column's name (size_gb), or behind it",
        )
    return round(value * (factor or 1))


def _number(digits: str) -> float | None:
    """Of two marks the last is the decimal one; one alone is, too, unless commas are where thousands are."""
    if sum(char.isdigit() for char in digits) > _MOST_DIGITS:
        return None
    marks = [char for char in digits if char in ".,"]
    if len(set(marks)) == 2:
        whole, _, part = digits.rpartition(marks[-1])
        if not _GROUPED.fullmatch(whole):
            return None
        digits = f"{whole.replace(marks[0], '')}.{part}"
    elif _GROUPED.fullmatch(digits) and (marks[0] == "," or len(marks) > 1):
        digits = digits.replace(marks[0], "")
    try:
        return float(digits.replace(",", "."))
    except ValueError:
        return None
