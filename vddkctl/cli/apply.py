"""``vddkctl apply``."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import (
    DEFAULT_FILE,
    DryRun,
    Excludes,
    Output,
    OutputOption,
    SpecFile,
    Take,
    Targets,
    Verbose,
    proven,
)
from vddkctl.cli.output import data, json_data, note, progress, style
from vddkctl.cli.reports import Form, Notify, NotifyForm, Reports, Telling, outcome, telling
from vddkctl.cli.streams import flush
from vddkctl.errors import Interrupted, UsageError, VddkctlError

if TYPE_CHECKING:
    from vddkctl.apply.result import Result, StepResult
    from vddkctl.cli.session import Session
    from vddkctl.cluster.base import Cluster
    from vddkctl.places import Places
    from vddkctl.plan.model import Plan
    from vddkctl.report.files.outcome import Outcome

NAME = "apply"

PlanArgument = Annotated[
    str | None, typer.Argument(metavar="PLAN", help="A saved plan: exactly this is done, without asking.")
]
Wait = Annotated[
    bool,
    typer.Option("--wait/--no-wait", help="Wait until Forklift has taken the changes in and is healthy."),
]
Timeout = Annotated[str, typer.Option("--timeout", metavar="TIME", help="How long to wait: 90s, 5m, 1h.")]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")]


def run(
    context: typer.Context,
    plan_file: PlanArgument = None,
    file: SpecFile = DEFAULT_FILE,
    auto_approve: AutoApprove = False,
    target: Targets = None,
    exclude: Excludes = None,
    take: Take = None,
    dry_run: DryRun = None,
    wait: Wait = True,
    timeout: Timeout = "5m",
    report: Reports = None,
    notify: Notify = None,
    notify_format: NotifyForm = Form.JSON,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Make it so: build, push and patch. Shows the plan and asks first, unless a saved plan is given.

    A saved plan is done where it was made, by the policy that it was made with. Where the site has another place now,
    name its spec with -f: nothing but the folder is taken from that.
    """
    from vddkctl.cli.session import told_session

    prove, waiting = proven(dry_run), seconds(timeout) if wait else None
    if prove and (report or notify):
        raise UsageError(
            "apply --dry-run has nothing to report", hint="vddkctl plan --dry-run=server has, with --report"
        )
    if plan_file is not None and (target or exclude or take):
        raise UsageError("a saved plan is done as it is; --target, --exclude and --take go with vddkctl plan")
    unasked = plan_file is not None or prove or auto_approve
    if not unasked and (output is Output.JSON or not terminal() or file == "-"):
        raise UsageError(
            "apply asks before it changes anything, and there is no one to ask",
            hint="add --auto-approve, or give it a plan saved by: vddkctl plan -o FILE",
        )
    scope = (*(target or ()), "but", *(exclude or ()))
    ends = telling("apply", report, notify, notify_format, inputs=[plan_file or file], scope=scope)
    with ends.of_run():
        if plan_file is not None:
            spec = file if _typed(context, "file") else None
            return _saved_applied(plan_file, spec, output, verbose, waiting, ends, prove=prove)
        session = told_session(file, progress(verbose), context.obj, ends)
        plan = session.plan(target, exclude, take)
        return _applied(session, plan, output, verbose, waiting, ends, prove=prove, ask=not auto_approve)


def _saved_applied(
    plan_file: str,
    spec: str | None,
    output: Output,
    verbose: int,
    wait: float | None,
    ends: Telling,
    *,
    prove: bool,
) -> int:
    plan, places = _saved(plan_file, spec, verbose)
    ends.looks_at(plan.site, plan.location)
    if output is Output.TEXT:
        from vddkctl.report.plan_text import head_line

        note(head_line(plan, _where(plan, places)))
    if prove:
        return _proved(plan, places)
    from vddkctl.apply.consent import refuse_without_rights

    refuse_without_rights(plan, _cluster(plan, places))
    return carried_out(plan, places, output, verbose, wait, ends, shown=False)


def _applied(
    session: Session,
    plan: Plan,
    output: Output,
    verbose: int,
    wait: float | None,
    ends: Telling,
    *,
    prove: bool,
    ask: bool,
) -> int:
    if output is Output.TEXT:
        from vddkctl.cli.plan_view import show_plan

        show_plan(plan, output)
        if plan.changes and not ask:
            data("\n")
    if prove:
        return _proved(plan, session.places)
    if plan.changes:
        from vddkctl.apply.consent import agreeable

        agreeable(plan, _cluster(plan, session.places), session.places)
        if ask and not agreed():
            note("Nothing was changed.")
            return 1
    elif session.remembers(plan):
        from vddkctl.apply.result import Result

        result = Result(plan.site, ())
        if wait is not None:
            from vddkctl.apply.waiting import waited

            result = waited(result, plan, _cluster(plan, session.places), progress(verbose), wait)
        return _told(result, plan, output, ends)
    return carried_out(plan, session.places, output, verbose, wait, ends)


def _proved(plan: Plan, places: Places) -> int:
    from vddkctl.apply.consent import prove

    prove(plan, _cluster(plan, places), places)
    note("Every change was tried out; nothing was written.")
    return 0


def _saved(plan_file: str, spec: str | None, verbose: int) -> tuple[Plan, Places]:
    """A saved plan, and its places: its paths start where it was made, or where ``spec`` is."""
    from vddkctl.apply.places import places_of
    from vddkctl.cli.plan_file import read_plan

    plan = read_plan(plan_file)
    if spec is not None and not Path(spec).is_file():
        raise VddkctlError("no such file", where=spec, hint="-f names the spec that the plan was made from")
    folder = Path(plan.location.folder) if spec is None else Path(spec).resolve().parent
    if not folder.is_dir():
        hint = f"say where the site is now: vddkctl apply {shlex.quote(plan_file)} -f FOLDER/site.yaml"
        raise VddkctlError("the folder that the plan was made in is gone", where=str(folder), hint=hint)
    return plan, places_of(plan, folder, progress(verbose))


def _where(plan: Plan, places: Places) -> str:
    manifests = plan.location.manifests
    return os.path.normpath(places.path(manifests)) if manifests else str(plan.location.context)


def _cluster(plan: Plan, places: Places) -> Cluster:
    at = plan.location
    return places.cluster(at.manifests, at.context, at.namespace, plan.site)


def _typed(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def carried_out(
    plan: Plan,
    places: Places,
    output: Output,
    verbose: int,
    wait: float | None,
    ends: Telling,
    *,
    shown: bool = True,
) -> int:
    """Carry out a plan, and tell each step; the exit code. ``wait`` is seconds, None for not at all."""
    from vddkctl.apply.execute import Executor
    from vddkctl.apply.identity import now, whoami
    from vddkctl.apply.waiting import waited
    from vddkctl.report.result_text import step_line

    lost: list[VddkctlError] = []
    looks = style()

    def told(step: StepResult) -> None:
        if output is not Output.TEXT:
            return
        try:
            data(step_line(step, looks) + "\n")
            flush()
        except BrokenPipeError:
            pass  # a reader who has left is no reason to stop
        except VddkctlError as error:
            lost.append(error)

    cluster = _cluster(plan, places)
    result = Executor(places, cluster, progress(verbose), whoami(), now, told).run(plan)
    if wait is not None and not result.interrupted:
        result = waited(result, plan, cluster, progress(verbose), wait)
    code = _told(result, plan, output, ends, shown=shown)
    if lost:
        raise lost[0]
    return code


def _told(result: Result, plan: Plan, output: Output, ends: Telling, *, shown: bool = True) -> int:
    ends.tell(lambda: reported(result, plan))
    with contextlib.suppress(BrokenPipeError):
        if output is Output.JSON:
            from vddkctl.report.result_text import result_json

            json_data(result_json(result, plan.tool))
        elif result.steps or result.record_error or result.unsettled or result.interrupted or not shown:
            from vddkctl.report.result_text import result_text

            data(result_text(result, style()))
        flush()
    return result.exit_code


def reported(result: Result, plan: Plan) -> Outcome:
    """What reports say of an apply. One that was interrupted is no success, also where nothing is left to be done."""
    from msgspec.structs import replace

    from vddkctl.report.files.outcome import apply_rows
    from vddkctl.report.result_text import result_json, result_text

    headline = result_text(result).partition("\n")[0]
    made = outcome("apply", plan, headline, apply_rows(plan, result), result_json(result, plan.tool))
    return replace(made, error="interrupted; what was done is recorded") if result.interrupted else made


def seconds(text: str) -> float:
    """``90s``, ``5m`` or ``1h`` in seconds. Raises UsageError."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1:]) if text[-1:] in units else (text, "s")
    if not (number.isascii() and number.isdigit()):
        raise UsageError(f"--timeout={text} is no time", hint="such as 90s, 5m or 1h")
    return float(int(number) * units[unit])


def terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed() -> bool:
    """Ask whether to apply the plan that was shown."""
    flush()
    try:
        note("\nApply this plan? Only yes is taken for an answer: ", end="")
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if not answer:  # Ctrl-C, or Ctrl-D
        note("")
        raise Interrupted("interrupted; nothing was changed")
    return answer.strip() == "yes"
