"""Small valid ELF shared objects, assembled byte by byte: enough for ``readelf``, ``file`` and a loader's eye."""

from __future__ import annotations

import struct

_MACHINES = {"x86_64": 62, "aarch64": 183}
_HEADER, _SEGMENT, _SECTION, _SYMBOL = 64, 56, 64, 24


def shared_object(soname: str | None, *, machine: str = "x86_64", total: int) -> bytes:
    """Make the start of a 64-bit little-endian shared object of ``total`` bytes; filler completes the file.

    ``soname`` None leaves DT_SONAME out, as in a plugin or a position-independent executable.
    """
    names = b"\0" + (soname.encode() + b"\0" if soname else b"")
    sections = b"\0.dynsym\0.dynstr\0.dynamic\0.shstrtab\0"
    tags = ([(14, 1)] if soname else []) + [(5, 0), (6, 0), (10, len(names)), (11, _SYMBOL), (0, 0)]
    symbols_at = _HEADER + 2 * _SEGMENT
    strings_at = symbols_at + _SYMBOL
    dynamic_at = -(-(strings_at + len(names)) // 16) * 16
    section_names_at = dynamic_at + 16 * len(tags)
    sections_at = -(-(section_names_at + len(sections)) // 16) * 16
    start = sections_at + 5 * _SECTION
    where = {5: strings_at, 6: symbols_at}
    dynamic = b"".join(struct.pack("<QQ", tag, where.get(tag, value)) for tag, value in tags)
    body = bytearray(start)
    body[:_HEADER] = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1, 1, 0, 3, _MACHINES[machine], 1, 0, _HEADER, sections_at),
        *(0, _HEADER, _SEGMENT, 2, _SECTION, 5, 4),
    )
    size = max(total, start)
    body[_HEADER:symbols_at] = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096) + struct.pack(
        "<IIQQQQQQ", 2, 4, *(dynamic_at,) * 3, len(dynamic), len(dynamic), 8
    )
    body[strings_at : strings_at + len(names)] = names
    body[dynamic_at : dynamic_at + len(dynamic)] = dynamic
    body[section_names_at : section_names_at + len(sections)] = sections
    rows = (
        (0, 0, 0, 0, 0, 0, 0, 0),
        (1, 11, 2, symbols_at, _SYMBOL, 2, 1, _SYMBOL),
        (9, 3, 2, strings_at, len(names), 0, 0, 0),
        (17, 6, 3, dynamic_at, len(dynamic), 2, 0, 16),
        (26, 3, 0, section_names_at, len(sections), 0, 0, 0),
    )
    body[sections_at:start] = b"".join(
        struct.pack("<IIQQQQIIQQ", name, kind, flags, at if flags else 0, at, size_, link, info, 8, each)
        for name, kind, flags, at, size_, link, info, each in rows
    )
    return bytes(body)
