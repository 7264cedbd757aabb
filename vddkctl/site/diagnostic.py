"""What is wrong with a spec, and where."""

from __future__ import annotations

from msgspec import Struct

from vddkctl.errors import VddkctlError

KeyPath = tuple[str | int, ...]
"""A way into the spec: ``("images", "vddk-8", "platforms", 0)``."""


class Position(Struct, frozen=True):
    """A place in a file. Both numbers count from 1, as editors do."""

    line: int
    column: int


class Diagnostic(Struct, frozen=True):
    """One mistake.

    ``message`` says what is wrong and what was expected, in one line. ``suggestion`` is the nearest right
    word, where there is one. ``path`` is empty for a mistake of the YAML itself.
    """

    file: str
    position: Position
    path: KeyPath
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        """``site.yaml:21:5: unknown key "repositry" …; did you mean "repository"?``."""
        head = f"{self.file}:{self.position.line}:{self.position.column}: {self.message}"
        return f'{head}; did you mean "{self.suggestion}"?' if self.suggestion else head


class SpecError(VddkctlError):
    """The spec has mistakes; ``diagnostics`` holds all of them, in the order of the file.

    ``noun`` is what one of them is called: a mistake, unless it is something else. ``about`` stands behind it. ``site``
    is the name, as far as it can be told from a spec with mistakes.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...], noun: str = "mistake", about: str = "") -> None:
        count = len(diagnostics)
        super().__init__(f"{count} {noun}{'' if count == 1 else 's'}{about and f' {about}'}")
        self.diagnostics = diagnostics
        self.site = ""

    def __str__(self) -> str:
        """Every mistake on a line, then how many there are."""
        return "\n".join([*map(str, self.diagnostics), self.what])
