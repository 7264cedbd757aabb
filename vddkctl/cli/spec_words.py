"""What is said of keys of a spec, to those who wrote none: in words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from vddkctl.errors import PlanError, UsageError, VddkctlError


class SpecWords(Struct, frozen=True):
    """A command's words by those of a spec, which are patterns, and the ``place`` of what nobody wrote, if any."""

    options: Mapping[str, str]
    place: str = ""

    def of(self, text: str) -> str:
        """A text in words of the command line; the longest words count first."""
        for pattern in sorted(self.options, key=len, reverse=True):
            text = re.sub(pattern, self.options[pattern], text)
        return text

    def mend(self, error: VddkctlError) -> None:
        """An error in words of the command line, without the place of a line that nobody wrote."""
        if self.place:
            error.where = re.sub(self.place, "", error.where)
        error.what, error.hint = self.of(error.what), self.of(error.hint)

    @contextmanager
    def errors(self, *, reading: bool = False) -> Iterator[None]:
        """Every error of the block in words of the command line; ``reading`` it alone, that is what is wrong."""
        from vddkctl.site.diagnostic import SpecError

        try:
            yield
        except SpecError as error:
            kind = UsageError if reading else PlanError
            raise kind("; ".join(self.of(each.message) for each in error.diagnostics)) from None
        except VddkctlError as error:
            self.mend(error)
            raise
