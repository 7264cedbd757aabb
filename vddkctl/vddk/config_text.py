"""The text of a provider's ``vddkConfig``: ``name=value`` lines that Forklift hands to the library as a file.

Only the two buffer keys are ours; every other line is kept as it is. Values are compared by what the library
makes of them, so spacing, order and the case of the prefix do not matter.

The library reads ``BufSizeIn64KB`` (VDDK 7.0.3 release notes). ``kubectl mtv`` writes ``BufSizeIn64K`` and a
stray first line ``|``: the library ignores that size without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from vddkctl.vddk.buffers import Buffers

SIZE_KEY = "VixDiskLib.nfcAio.Session.BufSizeIn64KB"
COUNT_KEY = "VixDiskLib.nfcAio.Session.BufCount"

_SIZE = "BufSizeIn64KB"
_COUNT = "BufCount"
_BROKEN = "BufSizeIn64K"
_REMEMBERED = 1024
"""Texts whose reading is kept: a rule gives thousands of providers the same few."""
_MAX_DIGITS = 9
"""No buffer is as large as a number of more digits says, whatever the library makes of it."""

_OURS = re.compile(
    r"^\s*(?P<key>[vV]ixDiskLib\.nfcAio\.Session\.(?P<name>BufSizeIn64KB|BufSizeIn64K|BufCount))"
    r"\s*=\s*(?P<value>.*?)\s*$"
)


class ConfigReading(Struct, frozen=True):
    """What the library makes of a text: the buffers it sets (0: not set), and what is wrong with the text."""

    buffers: Buffers
    broken_key: bool
    stray_pipe: bool
    repeated: bool

    @property
    def sound(self) -> bool:
        """Whether nothing has to be mended."""
        return not (self.broken_key or self.stray_pipe or self.repeated)


@lru_cache(_REMEMBERED)
def read(text: str | None) -> ConfigReading:
    """Read a text as the library does. A value that is not a number, or an absurd one, counts as not set."""
    found = _numbers(text)
    return ConfigReading(
        buffers=Buffers(_last(found[_SIZE]), _last(found[_COUNT])),
        broken_key=bool(found[_BROKEN]),
        stray_pipe=_has_stray_pipe(text),
        repeated=len(found[_SIZE]) > 1 or len(found[_COUNT]) > 1,
    )


def meant(text: str | None) -> Buffers:
    """The buffers that whoever wrote the text had in mind: a size under the broken key counts, where no other does."""
    found = _numbers(text)
    return Buffers(_last(found[_SIZE]) or _last(found[_BROKEN]), _last(found[_COUNT]))


@lru_cache(_REMEMBERED)
def write(text: str | None, buffers: Buffers | None) -> str | None:
    """``text`` with exactly these buffers (None: with neither key), other lines untouched.

    Returns ``text`` itself when it already says so, and None when no line is left.
    """
    wanted = buffers or Buffers(0, 0)
    lines = _without_stray_pipe(list(_rewritten(text, wanted)))
    if lines == list(_lines(text)):
        return text
    end = "" if text and not text.endswith("\n") else "\n"
    return "\n".join(lines) + end if lines else None


def meaning(buffers: Buffers) -> str | None:
    """The shortest text with these buffers: equal for equal meaning."""
    return write(None, buffers)


def _numbers(text: str | None) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {_SIZE: [], _COUNT: [], _BROKEN: []}
    for line in _lines(text):
        match = _OURS.match(line)
        if match:
            found[match["name"]].append(_number(match["value"]))
    return found


def _rewritten(text: str | None, wanted: Buffers) -> Iterator[str]:
    pending = {_SIZE: wanted.size_in_64k, _COUNT: wanted.count}
    for line in _lines(text):
        match = _OURS.match(line)
        if not match:
            yield line
            continue
        name = _SIZE if match["name"] == _BROKEN else match["name"]
        value = pending.pop(name, 0)
        if value and match["name"] == name and _number(match["value"]) == value:
            yield line
        elif value:
            prefix = match["key"].removesuffix(match["name"])
            yield f"{prefix}{name}={value}"
    for name, key in ((_SIZE, SIZE_KEY), (_COUNT, COUNT_KEY)):
        if pending.get(name):
            yield f"{key}={pending[name]}"


def _without_stray_pipe(lines: list[str]) -> list[str]:
    while _has_stray_pipe("\n".join(lines)):
        lines.remove(next(line for line in lines if line.strip()))
    return lines


def _has_stray_pipe(text: str | None) -> bool:
    first = next((line for line in _lines(text) if line.strip()), "")
    return first.strip() == "|"


def _lines(text: str | None) -> Iterator[str]:
    if text:
        yield from text.removesuffix("\n").split("\n")


def _number(value: str) -> int:
    return int(value) if len(value) <= _MAX_DIGITS and value.isascii() and value.isdigit() else 0


def _last(values: list[int]) -> int:
    return values[-1] if values else 0
