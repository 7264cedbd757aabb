"""What the kernel needs beside a program to start it: the dynamic loader, or what the script is for. Pure.

System V gABI, chapter 5 ("Program Interpreter"); Linux, execve(2), "Interpreter scripts".
"""

from __future__ import annotations

import struct

from vddkctl.vddk.elf import MAGIC

_PT_INTERP = 3
_MOST_SEGMENTS = 64


def interpreter(head: bytes) -> str | None:
    """The path of it, from a program's first bytes; None where there is none, or where it cannot be told."""
    if head.startswith(b"#!"):
        words = head[2:].partition(b"\n")[0].split()
        return words[0].decode("utf-8", "surrogateescape") if words else None
    try:
        where = _segment(head) if head.startswith(MAGIC) else None
    except struct.error:
        return None
    if where is None:
        return None
    name, end, _ = head[where[0] : where[0] + where[1]].partition(b"\0")
    return name.decode("utf-8", "surrogateescape") if name and end else None


def is_program(head: bytes) -> bool:
    """Whether the kernel starts such a file; anything else is an "exec format error"."""
    return head.startswith((MAGIC, b"#!"))


def _segment(head: bytes) -> tuple[int, int] | None:
    """Where the loader's name stands in the file, and its length."""
    order = {1: "<", 2: ">"}.get(head[5])
    if order is None:
        return None
    wide = head[4] == 2
    table, width, count = struct.unpack_from(f"{order}32xQ14xHH" if wide else f"{order}28xI10xHH", head)
    for index in range(min(count, _MOST_SEGMENTS)):
        at = table + index * width
        if struct.unpack_from(f"{order}I", head, at)[0] == _PT_INTERP:
            fields = struct.unpack_from(f"{order}8xQ16xQ" if wide else f"{order}4xI8xI", head, at)
            return fields[0], fields[1]
    return None
