"""A piece of text out of a file, and how to name a place in it."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from vddkctl.errors import ManifestError
from vddkctl.yamltext.lines import Lines


class Source(Struct, frozen=True, dict=True):
    """One document's text. ``file`` is its file as people know it, ``first_line`` the line the text begins on."""

    text: str
    file: str = "<text>"
    first_line: int = 1

    def line(self, index: int) -> int:
        """Line of a character in the file, from 1."""
        return self.first_line + self._lines.place(index)[0] - 1

    def where(self, index: int) -> str:
        """``file:line:column`` of a character."""
        return f"{self.file}:{self.line(index)}:{self._lines.place(index)[1]}"

    def error(self, index: int, what: str, hint: str = "") -> ManifestError:
        """Return (not raise) an error at a character."""
        return ManifestError(what, where=self.where(index), hint=hint)

    def line_start(self, index: int) -> int:
        """Where the line of a character begins."""
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """Where the line of a character ends, before its line break."""
        end = self.text.find("\n", index)
        if end < 0:
            return len(self.text)
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def next_line(self, index: int) -> int:
        """Where the line after a character's begins, or the end of the text."""
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def indentation(self, index: int) -> str:
        """White space that the line of a character begins with."""
        start = self.line_start(index)
        line = self.text[start : self.line_end(start)]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def begins_line(self, index: int) -> bool:
        """Whether only white space stands before a character on its line."""
        return not self.text[self.line_start(index) : index].strip(" \t")

    def eol(self, index: int) -> str:
        """Line break used around a character: the one of its line, else the first one of the text."""
        end = self.text.find("\n", index)
        if end < 0:
            end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text)
