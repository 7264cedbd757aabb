"""``vddkctl drift``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vddkctl.cli.options import (
    DEFAULT_FILE,
    Excludes,
    Output,
    OutputOption,
    SpecFile,
    SummaryOption,
    Take,
    Targets,
    Verbose,
)
from vddkctl.cli.output import data, json_data, note, progress, style
from vddkctl.cli.reports import Form, Notify, NotifyForm, Reports, Telling, outcome, telling
from vddkctl.errors import UsageError, VddkctlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vddkctl.cli.session import Session
    from vddkctl.plan.drift import Drift
    from vddkctl.plan.exposed import Exposure
    from vddkctl.plan.model import Plan
    from vddkctl.plan.observed import Observed
    from vddkctl.plan.target import Selection
    from vddkctl.report.files.outcome import Outcome

NAME = "drift"

Heal = Annotated[
    bool, typer.Option("--heal", help="Put back what someone else changed; nothing that is pending.")
]
HealLimit = Annotated[
    int, typer.Option("--heal-limit", min=1, metavar="COUNT", help="Heal no more addresses than this.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing where there is no drift.")]


def run(
    context: typer.Context,
    file: SpecFile = DEFAULT_FILE,
    target: Targets = None,
    exclude: Excludes = None,
    summary: SummaryOption = False,
    quiet: Quiet = False,
    heal: Heal = False,
    heal_limit: HealLimit = 20,
    take: Take = None,
    report: Reports = None,
    notify: Notify = None,
    notify_format: NotifyForm = Form.JSON,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Say what someone else changed since the last apply.

    Changes nothing unless told to --heal; exits with 3 when there is drift. For cron: --quiet says nothing where there
    is none. A place that cannot be reached is an error (1), never "no drift".
    """
    from vddkctl.cli.session import told_session
    from vddkctl.progress import Silent

    if heal and output is Output.JSON:
        raise UsageError(
            "--heal tells its steps as text", hint="leave --output json out; --report FILE.json has it"
        )
    scope = (*(target or ()), "but", *(exclude or ()))
    ends = telling("drift", report, notify, notify_format, inputs=[file], scope=scope)
    with ends.of_run():
        limit = heal_limit if heal else 0
        session = told_session(file, Silent() if quiet else progress(verbose), context.obj, ends)
        return _checked(
            session, (target or (), exclude or (), take or ()), summary, quiet, limit, output, ends
        )


def _checked(
    session: Session,
    selected: tuple[Sequence[str], Sequence[str], Sequence[str]],
    summary: bool,
    quiet: bool,
    heal_limit: int,
    output: Output,
    ends: Telling,
) -> int:
    """Look, tell and heal; the exit code. A ``heal_limit`` of 0: nothing is healed."""
    from msgspec.structs import replace

    from vddkctl.apply.identity import now, today
    from vddkctl.plan.codec import plan_to_json
    from vddkctl.plan.drift import drift_of
    from vddkctl.plan.explain import explanations
    from vddkctl.plan.exposed import pulled
    from vddkctl.plan.ignores import idle_warnings, judged_on, told
    from vddkctl.plan.lost import without_record
    from vddkctl.plan.target import Selection
    from vddkctl.report.drift_text import drift_json, drift_summary, drift_text
    from vddkctl.report.files.outcome import drift_rows

    observed = session.observe(lambda address: True)
    lost = without_record(session.loaded, observed)
    if lost:
        raise _untold(lost)
    selection = Selection(*selected)
    plan = session.plan_of(observed, selection, missing_too=True)
    exposed = session.exposures(_pushed(plan, observed), pulled(plan, plan.managed))
    denied = plan.public_registry == "deny"
    day = judged_on(today(), observed.record)
    drift = told(drift_of(plan, exposed if denied else {}), session.loaded, day, _part(plan, selection))
    plan_told = replace(plan, warnings=(*plan.warnings, *idle_warnings(drift)))

    at = now()

    def as_data() -> dict[str, Any]:
        return drift_json(drift, plan_to_json(plan), at)

    def found() -> Outcome:
        return outcome(
            "drift",
            plan_told,
            drift_summary(drift),
            drift_rows(drift, plan),
            as_data(),
            tuple(explanations(session.loaded, observed, plan)),
        )

    heals = bool(heal_limit and drift.found)
    if not heals:
        ends.tell(found)
    if quiet and not drift.found:
        return 0
    if output is Output.JSON:
        json_data(as_data())
    elif summary:
        data(drift_summary(drift) + "\n")
    else:
        data(drift_text(drift, plan.tags, style()))
    _notes(drift, plan, observed, {} if denied else exposed)
    if heals:
        from vddkctl.cli.healing import healed
        from vddkctl.report.files.healed import Healed, with_healing

        def tell(done: Healed) -> None:
            ends.tell(lambda: with_healing(found(), drift, done))

        return healed(session, plan, drift, observed.record, heal_limit, tell)
    return 3 if drift.found else 0


def _untold(lost: VddkctlError) -> VddkctlError:
    """Without a record nobody can say that there is no drift."""
    from vddkctl.errors import PlanError

    what = f"drift cannot be told: {lost.what}"
    return PlanError(what, where=lost.where, hint=f"{lost.hint}\n  what differs now: vddkctl plan")


def _notes(drift: Drift, plan: Plan, observed: Observed, allowed: Mapping[str, Exposure]) -> None:
    """What to know besides: on standard error."""
    from vddkctl.plan.ignores import idle_warnings
    from vddkctl.plan.secrets import secret_warnings
    from vddkctl.plan.unseen import NOT_SEEN

    for address, exposure in allowed.items():
        note(f"{address}: {exposure.message}; VDDK's licence forbids that.")
    for warning in idle_warnings(drift):
        note(f"{warning.address}: {warning.message}.")
    for warning in plan.warnings:
        if warning.code == NOT_SEEN:
            note(f"{warning.address}: {warning.message}.")
    for name, image in observed.images.items():
        if image.error:
            note(
                f"Image {name} cannot be made here, so it is compared with what was last applied: {image.error.what}"
            )
    for warning in secret_warnings(observed):
        note(f"{warning.address} {warning.message}")
    _clock(observed)


def _clock(observed: Observed) -> None:
    """A clock that jumped does no harm here, but days of ignores are judged by the last run then."""
    from vddkctl.apply.identity import now

    last = observed.record.runs[-1].at if observed.record and observed.record.runs else ""
    if last > now():
        note(
            f"The last run is dated {last}, and it is {now()} here: one of the clocks is wrong. "
            "The days of ignores are judged by the later one."
        )


def _part(plan: Plan, selection: Selection) -> set[str] | None:
    """The addresses that are looked at, where that is not all of them."""
    if not selection.targets and not selection.excludes:
        return None
    return {*(change.address for change in plan.changes), *plan.unchanged, *plan.gone}


def _pushed(plan: Plan, observed: Observed) -> dict[str, str]:
    """What is there of the plan's images, by digest."""
    from vddkctl.oci.reference import parse
    from vddkctl.plan.images import image_address

    return {
        address: str(parse(plan.images[address].reference).with_digest(image.pushed.digest))
        for name, image in observed.images.items()
        if image.pushed and (address := image_address(name)) in plan.managed
    }
