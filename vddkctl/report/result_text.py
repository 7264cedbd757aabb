"""What an apply did, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.apply.result import Result, Status, StepResult
from vddkctl.plan.model import FORMAT_VERSION, Action
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural
from vddkctl.visible import shown

_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.RELEASE: "released",
}


_WORDS = {"rollback": "Went back", "heal": "Healed"}


def step_line(step: StepResult, style: Style = PLAIN) -> str:
    """One step as it ends."""
    if step.status is Status.DONE:
        digest = f"  {style.paint('dim', step.digest)}" if step.digest else ""
        line = f"  {style.paint('green', '✓')} {step.address}  {_DONE[step.action]}{digest}"
        return f"{line}\n    {style.paint('yellow', '!')} {_indented(step.warning)}" if step.warning else line
    if step.status is Status.SATISFIED:
        return f"  {style.paint('green', '=')} {step.address}  was already so"
    mark = style.paint("red", "✗") if step.status is Status.FAILED else style.paint("yellow", "○")
    return f"  {mark} {step.address}  {step.status.value}: {_indented(step.error or '')}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n      ")


def result_text(result: Result, style: Style = PLAIN, *, of_a_spec: bool = True) -> str:
    """The last lines of an apply, with a final line break. The steps have been told one by one.

    ``of_a_spec``: there is one, which can be applied again.
    """
    return "\n".join(_lines(result, style, of_a_spec=of_a_spec)) + "\n"


def result_json(result: Result, tool: str) -> dict[str, Any]:
    """The result as data."""
    return {
        "formatVersion": FORMAT_VERSION,
        "tool": tool,
        "site": result.site,
        "results": [
            {
                "address": step.address,
                "action": step.action.value,
                "status": step.status.value,
                "error": step.error,
                "warning": step.warning,
                "digest": step.digest,
            }
            for step in result.steps
        ],
        "summary": {status.value: _count(result, status) for status in Status},
        "interrupted": result.interrupted,
        "recordError": result.record_error,
        "unsettled": [{"address": each.address, "message": each.what} for each in result.unsettled],
        "warnings": [
            {"code": each.code, "address": each.address, "message": each.message} for each in result.warnings
        ],
    }


def _lines(result: Result, style: Style, *, of_a_spec: bool) -> Iterator[str]:
    if not result.steps:
        yield style.paint("bold", "Nothing to do.")
        yield from _not_in_effect(result, style, of_a_spec=of_a_spec)
        return
    if result.interrupted:
        kept = "is recorded" if of_a_spec else "stays"
        yield style.paint("yellow", f"Interrupted; what was done {kept}.")
    done, satisfied = _count(result, Status.DONE), _count(result, Status.SATISFIED)
    failed, skipped = _count(result, Status.FAILED), _count(result, Status.SKIPPED)
    rest = f", {satisfied} were already so" if satisfied else ""
    rest += f", {failed} failed, {skipped} not tried" if failed or skipped else ""
    yield style.paint(
        "bold",
        f"{_WORDS.get(result.kind, 'Applied')}: {done} of {plural(len(result.steps), 'change')} done{rest}.",
    )
    if failed or skipped:
        yield (
            f"Run vddkctl {_command(result)} again to finish."
            if of_a_spec
            else "Run the same again to finish."
        )
    for warning in result.warnings:
        yield _warning(f"{warning.address}: {shown(warning.message)} [{warning.code}]", style)
    yield from _not_in_effect(result, style, of_a_spec=of_a_spec)
    if result.record_error:
        yield style.paint("red", "The changes stand, but were not recorded: ") + result.record_error


def _command(result: Result) -> str:
    if result.kind == "rollback":
        return f"rollback {result.back_to}"
    return "drift --heal" if result.kind == "heal" else "apply"


def _not_in_effect(result: Result, style: Style, *, of_a_spec: bool) -> Iterator[str]:
    for each in result.unsettled:
        yield _warning(f"{each.address}: {shown(each.what)}", style)
    if result.unsettled:
        head = "Done, but not" if result.steps else "Not"
        look = "vddkctl plan" if of_a_spec else "vddkctl status"
        yield f"{head} all of it is in effect. Look again with: {look}"


def _warning(text: str, style: Style) -> str:
    return f"  {style.paint('yellow', '!')} {text}"


def _count(result: Result, status: Status) -> int:
    return sum(step.status is status for step in result.steps)
