"""``--report``: what a run came to, in files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vddkctl.cli.output import note
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from vddkctl.plan.explain import Explanation
    from vddkctl.plan.model import Plan
    from vddkctl.report.files.outcome import ChainRow, Kind, Outcome, Row

Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write a report: .json, .html, .md, .prom or .xml (JUnit); repeatable.",
    ),
]
ENDINGS = (".json", ".html", ".md", ".prom", ".xml")


def checked(reports: Sequence[str] | None) -> tuple[Path, ...]:
    """The files to write. Raises UsageError for an ending that means nothing, before anything is done."""
    for name in reports or ():
        if Path(name).suffix not in ENDINGS:
            raise UsageError(
                f"--report {name}: the ending says the form", hint=f"there are: {', '.join(ENDINGS)}"
            )
    return tuple(map(Path, reports or ()))


def outcome(
    kind: Kind,
    plan: Plan,
    headline: str,
    rows: Sequence[Row],
    data: Mapping[str, Any],
    chains: Sequence[Explanation] = (),
) -> Outcome:
    """What all files are written from."""
    from vddkctl.apply.identity import now
    from vddkctl.report.files.outcome import Outcome

    at = plan.location
    place = ", ".join(
        filter(None, (at.manifests or at.context, at.namespace and f"namespace {at.namespace}"))
    )
    return Outcome(
        kind, plan.site, place, now(), int(time.time()), plan.tool, headline, tuple(rows), plan.warnings,
        tuple(map(_chain, chains)), data,
    )  # fmt: skip


def write(files: Sequence[Path], made: Callable[[], Outcome]) -> None:
    """Write each file in one step. One that cannot be written is told; the run's result stands."""
    if not files:
        return
    from vddkctl.atomic import replacing, write_all

    result = made()
    for path in files:
        try:
            content = _content(path.suffix, result).encode(errors="backslashreplace")
            with replacing(path, mode=0o644) as handle:
                write_all(handle, content)
        except OSError as error:
            note(f"Error: the report {path} cannot be written: {error.strerror}; the result above stands.")


def _content(ending: str, result: Outcome) -> str:
    import json

    if ending == ".json":
        return json.dumps(result.data, indent=2, ensure_ascii=False) + "\n"
    if ending == ".html":
        from vddkctl.report.files.html import html

        return html(result)
    if ending == ".md":
        from vddkctl.report.files.markdown import markdown

        return markdown(result)
    if ending == ".prom":
        from vddkctl.report.files.prometheus import prometheus

        return prometheus(result)
    from vddkctl.report.files.junit import junit

    return junit(result)


def _chain(explained: Explanation) -> ChainRow:
    from vddkctl.report.files.outcome import ChainRow
    from vddkctl.report.words import short

    levels = tuple(
        (f"{each.name} {each.field}", short(each.value or ""), each.wins) for each in explained.now
    )
    return ChainRow(explained.address, levels)
