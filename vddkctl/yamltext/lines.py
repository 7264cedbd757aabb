"""Where a character of a text stands, by line and column."""

from __future__ import annotations

from bisect import bisect_right
from io import StringIO
from itertools import accumulate


class Lines:
    r"""The lines of one text, as editors count them: they end at ``\n``, ``\r`` and ``\r\n``.

    YAML 1.1 also ends lines at U+0085, U+2028 and U+2029, which editors do not: hence no use of a parser's own lines.
    """

    def __init__(self, text: str) -> None:
        # One character more, so that the end of the text is still on its last line.
        self._starts = [*accumulate(map(len, StringIO(f"{text}.", newline="")), initial=0)]

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of the character at ``index``, both from 1."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1
