"""``vddkctl drift``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vddkctl.cli.options import (
    DEFAULT_FILE,
    Excludes,
    Output,
    OutputOption,
    QuietOption,
    SpecFile,
    SummaryOption,
    Targets,
    Verbose,
)
from vddkctl.cli.output import data, json_data, note, progress, style

if TYPE_CHECKING:
    from vddkctl.plan.model import Plan
    from vddkctl.plan.observed import Observed

NAME = "drift"


def run(
    file: SpecFile = DEFAULT_FILE,
    target: Targets = None,
    exclude: Excludes = None,
    summary: SummaryOption = False,
    output: OutputOption = Output.TEXT,
    quiet: QuietOption = False,
    verbose: Verbose = 0,
) -> int:
    """Say what someone else changed since the last apply. Changes nothing; exits with 3 when there is drift."""
    from vddkctl.cli.session import open_session
    from vddkctl.plan.codec import plan_to_json
    from vddkctl.plan.drift import drift_of
    from vddkctl.plan.exposed import pulled
    from vddkctl.plan.secrets import secret_warnings
    from vddkctl.plan.target import Selection
    from vddkctl.report.drift_text import drift_json, drift_summary, drift_text

    session = open_session(file, progress(verbose))
    observed = session.observe(lambda address: True)
    plan = session.plan_of(observed, Selection(target or (), exclude or ()), missing_too=True)
    exposed = session.exposures(_pushed(plan, observed), pulled(plan, plan.managed))
    denied = plan.public_registry == "deny"
    drift = drift_of(plan, exposed if denied else {})
    if quiet and not drift.found:
        return 0
    if output is Output.JSON:
        by_address = {c["address"]: c for c in plan_to_json(plan)["changes"]}
        json_data(drift_json(drift, by_address))
    elif summary:
        data(drift_summary(drift) + "\n")
    else:
        data(drift_text(drift, plan.tags, style()))
    for address, exposure in ({} if denied else exposed).items():
        note(f"{address}: {exposure.message}; VDDK's licence forbids that.")
    for name, image in observed.images.items():
        if image.error:
            note(
                f"Image {name} cannot be made here, so it is compared with what was last applied: {image.error.what}"
            )
    for warning in secret_warnings(observed):
        note(f"{warning.address} {warning.message}")
    if observed.record is None:
        note("Nothing was applied yet: there is no record to tell drift by.")
    return 3 if drift.found else 0


def _pushed(plan: Plan, observed: Observed) -> dict[str, str]:
    """What is there of the plan's images, by digest."""
    from vddkctl.oci.reference import parse
    from vddkctl.plan.images import image_address

    return {
        address: str(parse(plan.images[address].reference).with_digest(image.pushed.digest))
        for name, image in observed.images.items()
        if image.pushed and (address := image_address(name)) in plan.managed
    }
