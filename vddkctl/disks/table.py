"""Disks from a CSV: an export of RVTools (vDisk, vInfo), or a table written by hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.vddk.tuning import Disk

_UNITS = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
_PROVIDER = ("provider", "vi sdk server", "vcenter", "vcenter server")
_VM = ("vm", "vm name", "name", "virtual machine")
_SIZE = ("capacity", "size", "disk size", "disk", "disk capacity", "total disk capacity", "provisioned")
"""Names of columns, without their units; of several that are there the first counts."""
_HEADER = re.compile(r"(?P<name>.*?)[\s_(\[]*(?P<unit>bytes?|[kmgt]i?b)?[)\]]*", re.IGNORECASE)
_VALUE = re.compile(r"(?P<number>[0-9][0-9.,\u00a0\u202f ']*)\s*(?P<unit>[A-Za-z]*)")
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_RVTOOLS_MB = re.compile(r"(capacity|total disk capacity|provisioned) mb", re.IGNORECASE)
"""Older exports of RVTools write MB and mean MiB."""


class _Columns(Struct, frozen=True):
    provider: int | None
    vm: int | None
    size: int
    unit: int | None


def disks_of_table(path: Path, shown: str, provider: str | None) -> list[Disk]:
    """Every disk, one for each row with a size. ``provider`` is that of rows that name none.

    Raises VddkctlError with the line that cannot be understood.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise VddkctlError("no such file", where=shown) from None
    except OSError as error:
        raise VddkctlError(f"cannot be read: {error.strerror}", where=shown) from None
    except UnicodeDecodeError:
        raise VddkctlError("not UTF-8", where=shown, hint="save the table as CSV UTF-8") from None
    rows = csv.reader(text.splitlines(), delimiter=_delimiter(text))
    header = next(rows, None)
    if not header:
        raise VddkctlError("the table is empty", where=shown)
    columns = _columns(header, shown)
    found = list(_disks(rows, columns, shown, provider))
    if not found:
        raise VddkctlError("there is no disk in the table", where=shown)
    return found


def _disks(
    rows: Iterator[Sequence[str]], columns: _Columns, shown: str, provider: str | None
) -> Iterator[Disk]:
    for number, row in enumerate(rows, 2):
        cell = _cell(row, columns.size)
        if not cell:
            continue
        size = _size(cell, columns.unit)
        if size is None:
            hint = "such as 40, 40 GB or 40.5GiB"
            raise VddkctlError(f"{cell!r} is no size", where=f"{shown}:{number}", hint=hint)
        name = _cell(row, columns.provider) or provider or ""
        yield Disk(name, _cell(row, columns.vm) or f"row {number}", size)


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def _columns(header: Sequence[str], shown: str) -> _Columns:
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
    return _Columns(_first(plain, _PROVIDER), _first(plain, _VM), size, _UNITS[unit] if unit else None)


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


def _size(cell: str, factor: int | None) -> int | None:
    match = _VALUE.fullmatch(cell)
    unit = match["unit"].lower() if match else ""
    if match is None or unit not in _UNITS:
        return None
    number = re.sub(r"[\u00a0\u202f ']", "", match["number"])
    number = number.replace(",", "") if _THOUSANDS.fullmatch(number) else number.replace(",", ".")
    try:
        value = float(number)
    except ValueError:
        return None
    return round(value * (_UNITS[unit] if unit else factor or 1))
