"""What an ELF file says about itself, read from a stream of its bytes.

Nothing is loaded or executed. Layouts: System V gABI, chapters 4 (ELF header) and 5 (program header, dynamic
section); machine numbers: its ``e_machine`` table.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

MAGIC = b"\x7fELF"

HEAD_BYTES = 4 << 20
"""Kept of a file's start: the headers, and ``.dynstr`` where a linker puts it."""

TAIL_BYTES = 2 << 20
"""Kept of a file's end: ``patchelf`` moves ``.dynstr`` there when it grows."""

DYNAMIC_BYTES = 64 << 10
"""The most that is kept of a dynamic section (a real one has a few hundred bytes)."""

SONAME_BYTES = 4096
"""The longest SONAME that is believed: no file name is longer."""

MOST_NEEDED = 256
"""Libraries that one file may ask for; those of large programs ask for some dozens."""

MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64le",  # or big-endian, which ``_machine`` tells apart
    22: "s390x",
    40: "arm",
    50: "ia64",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}

TYPES = {1: "relocatable", 2: "executable", 3: "shared", 4: "core"}

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME = 0, 1, 5, 10, 14


class ElfFacts(Struct, frozen=True):
    """One ELF file. ``bits`` is 32 or 64; ``kind`` is ``shared``, ``executable``, … or ``type-N``.

    ``loads`` says whether it has parts that are to be put into memory, ``interpreter`` whether it asks for a
    program that does so (the dynamic loader): a static program has the first and not the second. ``needed`` are the
    names of the libraries that the loader looks for (DT_NEEDED), in the file's order.
    """

    machine: str
    bits: int
    kind: str
    soname: str | None
    loads: bool = False
    interpreter: bool = False
    needed: tuple[str, ...] = ()


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


class _Layout(NamedTuple):
    """How the two classes lay out the same fields."""

    order: str
    header: str
    segment: str
    dynamic: str
    bits: int


class ElfProbe:
    """Takes a file's bytes in order, keeps a bounded part of them, and tells what kind of ELF file it was."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._dynamic = bytearray()
        self._dynamic_at: int | None = None
        self._size = 0

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        start, self._size = self._size, self._size + len(view)
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += view[:room]
            view = view[room:]
            start += room
            if len(self._head) == HEAD_BYTES:
                self._find_dynamic()
        if view:
            self._keep_dynamic(view, start)
            self._tail += view[-TAIL_BYTES:]
            if len(self._tail) >= 2 * TAIL_BYTES:
                del self._tail[:-TAIL_BYTES]

    @property
    def is_elf(self) -> bool:
        """Whether the file starts as every ELF file does."""
        return self._head.startswith(MAGIC)

    @property
    def head(self) -> bytes:
        """The file's first bytes, at most 4096 of them."""
        return bytes(self._head[:4096])

    @property
    def size(self) -> int:
        """How many bytes were fed."""
        return self._size

    def result(self) -> ElfFacts | None:
        """What the file is; None when its ELF header is missing or makes no sense."""
        layout = self._layout()
        if layout is None:
            return None
        kind, machine = struct.unpack_from(f"{layout.order}HH", self._head, 16)
        segments = list(self._segments(layout))
        kinds = {segment.kind for segment in segments}
        soname, needed = self._names(layout, segments)
        return ElfFacts(
            _machine(machine, layout),
            layout.bits,
            TYPES.get(kind, f"type-{kind}"),
            soname,
            loads=_PT_LOAD in kinds,
            interpreter=_PT_INTERP in kinds,
            needed=needed,
        )

    def _find_dynamic(self) -> None:
        layout = self._layout()
        if layout is not None:
            self._dynamic_at = next((s.offset for s in self._segments(layout) if s.kind == _PT_DYNAMIC), None)

    def _keep_dynamic(self, view: memoryview, start: int) -> None:
        if self._dynamic_at is None or self._dynamic_at < HEAD_BYTES:
            return
        wanted = self._dynamic_at + len(self._dynamic)
        room = DYNAMIC_BYTES - len(self._dynamic)
        if start <= wanted < start + len(view) and room > 0:
            self._dynamic += view[wanted - start : wanted - start + room]

    def _layout(self) -> _Layout | None:
        if len(self._head) < 52 or not self.is_elf:
            return None
        order = {1: "<", 2: ">"}.get(self._head[5])
        if order is None or self._head[4] not in (1, 2):
            return None
        if self._head[4] == 1:
            return _Layout(order, f"{order}28xI10xHH", f"{order}IIIIIIII", f"{order}II", 32)
        return _Layout(order, f"{order}32xQ14xHH", f"{order}IIQQQQQQ", f"{order}QQ", 64)

    def _read(self, offset: int, length: int) -> bytes:
        """Bytes that were kept, from wherever they were kept; fewer, or none, where they were not."""
        tail_start = self._size - len(self._tail)
        if offset + length <= len(self._head) or offset < len(self._head) == self._size:
            return bytes(self._head[offset : offset + length])
        if self._tail and offset >= tail_start:
            return bytes(self._tail[offset - tail_start : offset - tail_start + length])
        if self._dynamic_at is not None and offset == self._dynamic_at:
            return bytes(self._dynamic[:length])
        return bytes(self._head[offset : offset + length])

    def _segments(self, layout: _Layout) -> Iterator[_Segment]:
        if len(self._head) < struct.calcsize(layout.header):
            return
        table, entry_size, count = struct.unpack_from(layout.header, self._head)
        width = struct.calcsize(layout.segment)
        if entry_size < width:
            return
        for index in range(count):
            raw = self._read(table + index * entry_size, width)
            if len(raw) < width:
                return
            fields = struct.unpack(layout.segment, raw)
            if layout.bits == 64:
                kind, _, offset, address, _, size, _, _ = fields
            else:
                kind, offset, address, _, size, _, _, _ = fields
            yield _Segment(kind, offset, address, size)

    def _names(self, layout: _Layout, segments: list[_Segment]) -> tuple[str | None, tuple[str, ...]]:
        """The SONAME, and the names of the libraries that are needed; what cannot be read is left out."""
        dynamic = next((s for s in segments if s.kind == _PT_DYNAMIC), None)
        if dynamic is None:
            return None, ()
        tags = list(self._tags(layout, dynamic))
        known = dict(reversed(tags))  # of several with one tag the first counts
        table = _file_offset(known.get(_DT_STRTAB, -1), segments)
        if table is None:
            return None, ()
        size = known.get(_DT_STRSZ)
        soname = self._name(table, size, known[_DT_SONAME]) if _DT_SONAME in known else None
        needed = [at for tag, at in tags if tag == _DT_NEEDED][:MOST_NEEDED]
        return soname, tuple(filter(None, (self._name(table, size, at) for at in needed)))

    def _name(self, table: int, size: int | None, position: int) -> str | None:
        room = SONAME_BYTES if size is None else size - position
        if room <= 0:
            return None
        name, end, _ = self._read(table + position, min(room, SONAME_BYTES)).partition(b"\0")
        return name.decode("utf-8", "replace") if name and end else None

    def _tags(self, layout: _Layout, dynamic: _Segment) -> Iterator[tuple[int, int]]:
        raw = self._read(dynamic.offset, min(dynamic.size, DYNAMIC_BYTES))
        width = struct.calcsize(layout.dynamic)
        for tag, value in struct.iter_unpack(layout.dynamic, raw[: len(raw) // width * width]):
            if tag == _DT_NULL:
                return
            yield tag, value


def _file_offset(address: int, segments: list[_Segment]) -> int | None:
    for segment in segments:
        if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
            return segment.offset + address - segment.address
    return None


def _machine(number: int, layout: _Layout) -> str:
    if number == 21 and layout.order == ">":
        return "ppc64"
    if layout.bits == 32 and number in (62, 243):
        return {62: "x32", 243: "riscv32"}[number]
    return MACHINES.get(number, f"machine-{number}")
