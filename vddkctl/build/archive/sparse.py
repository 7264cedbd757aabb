"""Sparse files: where their data lies. GNU tar's formats: the old header, and pax 0.0, 0.1 and 1.0.

(GNU tar manual, appendix "Sparse Formats".)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from vddkctl.build.archive.pax import Records

BLOCK = 512

MAX_PARTS = 4096
"""More pieces than that in one file is no library."""

_ZEROS = bytes(1 << 20)


class SparseMap(Struct, frozen=True):
    """Data pieces as (offset, length), ascending, and the size of the whole file. Holes are zeros."""

    parts: tuple[tuple[int, int], ...]
    size: int

    def __post_init__(self) -> None:
        """Refuse maps that make no sense: ValueError."""
        end = 0
        if len(self.parts) > MAX_PARTS:
            raise ValueError("too many pieces in a sparse file")
        for offset, length in self.parts:
            if offset < end or length < 0:
                raise ValueError("a sparse map is out of order")
            end = offset + length
        if end > self.size:
            raise ValueError("a sparse map is larger than its file")

    @property
    def stored(self) -> int:
        """How many bytes are in the archive."""
        return sum(length for _, length in self.parts)

    def expand(self, pieces: Callable[[int], Iterator[memoryview]]) -> Iterator[memoryview]:
        """The whole file, holes filled. ``pieces(n)`` gives the next n stored bytes."""
        position = 0
        for offset, length in (*self.parts, (self.size, 0)):
            yield from _zeros(offset - position)
            yield from pieces(length)
            position = offset + length


def _zeros(length: int) -> Iterator[memoryview]:
    while length > 0:
        piece = memoryview(_ZEROS)[:length]
        length -= len(piece)
        yield piece


def old_gnu(header: bytes, number: Callable[[bytes], int], take: Callable[[int], bytes]) -> SparseMap:
    """Read the map of type ``S``. ``number`` reads a numeric field, ``take`` the extension blocks behind the header."""
    found: list[tuple[int, int]] = []
    block, start, count, more = header, 386, 4, header[482]
    while True:
        for index in range(count):
            at = start + 24 * index
            if block[at : at + 24].strip(b"\0"):
                found.append((number(block[at : at + 12]), number(block[at + 12 : at + 24])))
        if not more or len(found) > MAX_PARTS:
            break
        block, start, count = take(BLOCK), 0, 21
        if len(block) < BLOCK:
            raise ValueError("a sparse map is truncated")
        more = block[504]
    return SparseMap(tuple(found), number(header[483:495]))


def pax_sparse(records: Records, stored: int, take: Callable[[int], bytes]) -> tuple[SparseMap, int] | None:
    """Read the map of a pax sparse file, and how many bytes of its data the map took; None for other files."""
    keys: Mapping[str, bytes] = dict(records)
    if "GNU.sparse.major" in keys:
        if (keys["GNU.sparse.major"], keys.get("GNU.sparse.minor")) != (b"1", b"0"):
            raise ValueError("an unknown sparse format")
        parts, used = _map_in_data(stored, take)
        return SparseMap(parts, int(keys["GNU.sparse.realsize"])), used
    if "GNU.sparse.map" in keys:
        numbers = [int(number) for number in keys["GNU.sparse.map"].split(b",") if number]
    elif "GNU.sparse.offset" in keys:
        wanted = ("GNU.sparse.offset", "GNU.sparse.numbytes")
        numbers = [int(value) for key, value in records if key in wanted]
    else:
        return None
    if len(numbers) % 2:
        raise ValueError("a sparse map is not whole")
    return SparseMap(tuple(zip(numbers[::2], numbers[1::2], strict=True)), int(keys["GNU.sparse.size"])), 0


def _map_in_data(stored: int, take: Callable[[int], bytes]) -> tuple[tuple[tuple[int, int], ...], int]:
    """Format 1.0: decimal lines at the start of the data, filled up to a whole block."""
    raw = b""
    while True:
        lines = raw.split(b"\n")[:-1]
        if lines and len(lines) > 2 * int(lines[0]):
            break
        if len(raw) >= min(stored, 48 * MAX_PARTS):
            raise ValueError("a sparse map is not whole")
        raw += take(BLOCK)
    numbers = [int(line) for line in lines[1 : 2 * int(lines[0]) + 1]]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True)), len(raw)
