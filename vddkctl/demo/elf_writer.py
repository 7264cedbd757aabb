"""Small valid ELF shared objects, assembled byte by byte: enough for ``readelf``, ``file`` and a loader's eye."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_MACHINES = {"x86_64": 62, "aarch64": 183}
_HEADER, _SEGMENT, _SECTION, _SYMBOL = 64, 56, 64, 24


def shared_object(
    soname: str | None,
    *,
    machine: str = "x86_64",
    total: int,
    needed: Sequence[str] = (),
    says: str | None = None,
) -> bytes:
    """Make the start of a 64-bit little-endian shared object of ``total`` bytes; filler completes the file.

    ``soname`` None leaves DT_SONAME out, as in a plugin or a position-independent executable. ``needed`` are names of
    libraries for DT_NEEDED. ``says`` makes a program of it, which writes that line and ends.
    """
    names, tags = b"\0", []
    for tag, name in [*((1, each) for each in needed), *([(14, soname)] if soname else [])]:
        tags.append((tag, len(names)))
        names += name.encode() + b"\0"
    sections = b"\0.dynsym\0.dynstr\0.dynamic\0.shstrtab\0"
    tags += [(5, 0), (6, 0), (10, len(names)), (11, _SYMBOL), (0, 0)]
    symbols_at = _HEADER + 2 * _SEGMENT
    strings_at = symbols_at + _SYMBOL
    dynamic_at = -(-(strings_at + len(names)) // 16) * 16
    section_names_at = dynamic_at + 16 * len(tags)
    sections_at = -(-(section_names_at + len(sections)) // 16) * 16
    code_at = sections_at + 5 * _SECTION
    code = _CODE[machine](f"{says}\n".encode()) if says is not None else b""
    start = code_at + len(code)
    where = {5: strings_at, 6: symbols_at}
    dynamic = b"".join(struct.pack("<QQ", tag, where.get(tag, value)) for tag, value in tags)
    body = bytearray(start)
    body[:_HEADER] = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1, 1, 0, 3, _MACHINES[machine], 1, code_at if code else 0, _HEADER, sections_at),
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
    body[code_at:] = code
    body[sections_at:code_at] = b"".join(
        struct.pack("<IIQQQQIIQQ", name, kind, flags, at if flags else 0, at, size_, link, info, 8, each)
        for name, kind, flags, at, size_, link, info, each in rows
    )
    return bytes(body)


def _x86_64(text: bytes) -> bytes:
    """write(1, text, length), then exit(0), by system calls alone; the text follows the code."""
    code = b"\xb8\x01\0\0\0\xbf\x01\0\0\0"  # mov eax, 1; mov edi, 1
    code += b"\x48\x8d\x35\x10\0\0\0\xba" + struct.pack(
        "<I", len(text)
    )  # lea rsi, [rip + 16]; mov edx, length
    code += b"\x0f\x05\xb8\x3c\0\0\0\x31\xff\x0f\x05"  # syscall; mov eax, 60; xor edi, edi; syscall
    return code + text


def _aarch64(text: bytes) -> bytes:
    """The same for another processor."""
    words = (
        *(0xD2800020, 0x100000E1, 0xD2800002 | len(text) << 5),  # mov x0, #1; adr x1, text; mov x2, #length
        *(0xD2800808, 0xD4000001),  # mov x8, #64 (write); svc #0
        *(0xD2800000, 0xD2800BA8, 0xD4000001),  # mov x0, #0; mov x8, #93 (exit); svc #0
    )
    return struct.pack("<8I", *words) + text


_CODE = {"x86_64": _x86_64, "aarch64": _aarch64}
