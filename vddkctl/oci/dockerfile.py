"""A Dockerfile, read as far as it says what an image stands on.

docs.docker.com/reference/dockerfile: global ``ARG``, ``FROM [--platform=…] IMAGE [AS NAME]``, ``COPY --from=``,
``RUN --mount=…,from=``. The rest is the engine's to understand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from vddkctl.errors import ImageError

SCRATCH = "scratch"

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=.*")
_HEREDOC = re.compile(r"<<-?([\"']?)([A-Za-z0-9_]+)\1")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?:(:[-+])([^}]*))?\}|(\w+))")
_FROM = re.compile(r"(?:--\S+\s+)*(?P<image>[^\s]+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_OPTIONS = re.compile(r"(?:--\S+\s+)*")
_TAKEN_FROM: Mapping[str, re.Pattern[str]] = {
    "COPY": re.compile(r"--from=(?P<image>\S+)"),
    "RUN": re.compile(r"--mount=(?:\S*?,)?from=(?P<image>[^\s,]+)"),
}
"""Among an instruction's options: the image, or the stage, that something is taken from."""


class Use(Struct, frozen=True):
    """One place that names an image from elsewhere. ``start`` and ``end`` are where its name stands in the text."""

    reference: str
    start: int
    end: int


class Dockerfile(Struct, frozen=True):
    """What a Dockerfile stands on. ``final`` is the image below its last stage, None for an empty one.

    ``empty`` has where each FROM ends that begins with nothing.
    """

    text: str
    uses: tuple[Use, ...]
    final: str | None
    empty: tuple[int, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """Every image from elsewhere, once, in the order of the file."""
        return tuple(dict.fromkeys(use.reference for use in self.uses))

    def standing_on(self, names: Mapping[str, str], first: str) -> str:
        """The text, with other names for the images that it stands on, and an instruction ``first`` where on none."""
        parts, end = [], 0
        named = [(use.start, use.end, names[use.reference]) for use in self.uses]
        for start, stop, text in sorted([*named, *((at, at, f"\n{first}") for at in self.empty)]):
            parts += [self.text[end:start], text]
            end = stop
        return "".join([*parts, self.text[end:]])


class _Line(Struct, frozen=True):
    """One instruction: its keyword, what follows that, where that starts, and the line's number."""

    keyword: str
    rest: str
    start: int
    number: int


def parse_dockerfile(text: str, arguments: Mapping[str, str], where: str) -> Dockerfile:
    """Read a Dockerfile that is built with these arguments. Raises ImageError."""
    known: dict[str, str] = {}
    stages: dict[str, str | None] = {}
    uses: list[Use] = []
    empty: list[int] = []
    final: str | None = None
    count = 0
    for line in _lines(text):
        if line.keyword == "ARG" and not count:
            known.update(_defaults(line, known, arguments))
        elif line.keyword == "FROM":
            found, name = _from(line, known, where)
            stage = found.reference.lower()
            base = stages[stage] if stage in stages else _outside(found, uses)
            if stage == SCRATCH:
                empty.append(line.start + len(line.rest.rstrip()))
            stages[name or str(count)] = stages[str(count)] = final = base
            count += 1
        elif line.keyword in _TAKEN_FROM and count:
            uses += _taken(line, known, stages)
    if not count:
        raise ImageError(
            "it has no FROM", where=where, hint="the first instruction names the image to stand on"
        )
    return Dockerfile(text, tuple(uses), final, tuple(empty))


def _outside(found: Use, uses: list[Use]) -> str | None:
    if found.reference == SCRATCH:
        return None
    uses.append(found)
    return found.reference


def _from(line: _Line, known: Mapping[str, str], where: str) -> tuple[Use, str | None]:
    match = _FROM.fullmatch(line.rest.rstrip())
    if match is None:
        raise ImageError("FROM names no image, or more than one", where=f"{where}:{line.number}")
    image = _expanded(match["image"], known)
    if not image:
        raise ImageError(
            f"FROM {match['image']} names nothing",
            where=f"{where}:{line.number}",
            hint="set it with buildArgs",
        )
    name = match["name"].lower() if match["name"] else None
    start = line.start + match.start("image")
    stage = image.lower()  # names of stages know no case
    reference = stage if stage == SCRATCH else image
    return Use(reference, start, line.start + match.end("image")), name


def _taken(line: _Line, known: Mapping[str, str], stages: Mapping[str, str | None]) -> Iterator[Use]:
    options = _OPTIONS.match(line.rest)
    for match in _TAKEN_FROM[line.keyword].finditer(options[0] if options else ""):
        image = match["image"].strip("\"'")
        if image.lower() not in stages:
            start, end = line.start + match.start("image"), line.start + match.end("image")
            yield Use(_expanded(image, known), start, end)


def _defaults(
    line: _Line, known: Mapping[str, str], arguments: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for word in line.rest.split():
        name, _, default = word.partition("=")
        yield name, arguments.get(name, _expanded(default.strip("\"'"), known))


def _expanded(text: str, known: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, how, other = found[1] or found[4], found[2], found[3]
        if how == ":-":
            return known.get(name) or other
        if how == ":+":
            return other if known.get(name) else ""
        return known.get(name, "")

    return _VARIABLE.sub(value, text.strip("\"'"))


def _lines(text: str) -> Iterator[_Line]:
    """The instructions. A continued one is given as it stands, line breaks as blanks, so that places stay right."""
    escape, directives = "\\", True
    waiting: list[str] = []
    whole, start, number, first = "", 0, 0, 0
    position = 0
    for raw in text.splitlines(keepends=True):
        here, position = position, position + len(raw)
        number += 1
        bare = raw.strip()
        if waiting:
            if bare == waiting[0]:
                waiting.pop(0)
            continue
        if bare.startswith("#") or not bare:
            found = _ESCAPE.fullmatch(bare) if directives else None
            escape = found[1] if found else escape
            directives = directives and bool(_DIRECTIVE.fullmatch(bare))
            whole += " " * len(raw) if whole else ""
            continue
        directives = False
        if not whole:
            start, first = here, number
        line = raw.rstrip()
        if line.endswith(escape):
            whole += line[:-1].ljust(len(raw))
            continue
        whole += raw
        yield from _instruction(whole, start, first)
        waiting = [found[2] for found in _HEREDOC.finditer(whole)] if _takes_heredoc(whole) else []
        whole = ""
    if whole:
        yield from _instruction(whole, start, first)


def _takes_heredoc(whole: str) -> bool:
    return whole.split(None, 1)[0].upper() in {"RUN", "COPY", "ADD"}


def _instruction(whole: str, start: int, number: int) -> Iterator[_Line]:
    found = re.match(r"\s*(\S+)(\s+)(.*)", whole.replace("\n", " ").replace("\r", " "))
    if found:
        yield _Line(found[1].upper(), found[3], start + found.start(3), number)
