r"""Records of a pax extended header: ``<length> <key>=<value>\n`` (POSIX.1-2017, pax, "pax Extended Header")."""

from __future__ import annotations

MAX_DIGITS = 20
"""64 bits have as many."""

Records = tuple[tuple[str, bytes], ...]
"""In the order of the file: one old sparse format repeats its keys."""


def records(data: bytes) -> Records:
    """Parse a header's body. Raises ValueError when it is not made of whole records."""
    found = []
    position = 0
    while position < len(data):
        digits, space, _ = data[position : position + 24].partition(b" ")
        if not (space and digits.isdigit()):
            # Some writers fill the last block with zero bytes and count them.
            if not data[position:].strip(b"\0"):
                break
            raise ValueError("a record has no length")
        end = position + int(digits)
        key, equals, value = data[position + len(digits) + 1 : end].partition(b"=")
        if end > len(data) or not equals or not key or not value.endswith(b"\n"):
            raise ValueError("a record is not whole")
        found.append((key.decode("utf-8", "surrogateescape"), value[:-1]))
        position = end
    return tuple(found)


def number(value: bytes) -> int:
    """A whole number. Raises ValueError for anything else, and for one that no size, time or id is as large as."""
    if len(value) > MAX_DIGITS:
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    return int(value)


def seconds(value: bytes) -> int:
    """Whole seconds of a time such as ``1669200000.123``. Raises ValueError for anything else."""
    return number(value.partition(b".")[0] or b"0")


def text(value: bytes) -> str:
    """A name; bytes that are no UTF-8 survive as lone surrogates, as everywhere in Python."""
    return value.decode("utf-8", "surrogateescape")
