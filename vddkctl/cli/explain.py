"""``vddkctl explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, SpecFile, Verbose
from vddkctl.cli.output import data, json_data, note, progress, style

NAME = "explain"

Providers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROVIDER", help="name, namespace/name, an address, or a glob; all when left out."
    ),
]


def run(
    provider: Providers = None,
    file: SpecFile = DEFAULT_FILE,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Say which VDDK image each provider uses, and why.

    One line for each level that can say so, by rank: the provider, the controller, the environment.
    """
    from vddkctl.apply.writes import key_of
    from vddkctl.cli.session import open_session
    from vddkctl.plan.explain import chosen, explanations
    from vddkctl.plan.own_secret import secret_key
    from vddkctl.plan.secrets import secret_warnings
    from vddkctl.plan.target import Selection
    from vddkctl.report.explain_text import explain_json, explain_text

    session = open_session(file, progress(verbose))
    observed = session.observe(lambda address: True)
    plan = session.plan_of(observed, Selection())
    items = chosen(explanations(session.loaded, observed, plan), provider or (), observed.cluster.namespace)
    if output is Output.JSON:
        json_data(explain_json(items))
    else:
        data(explain_text(items, plan.tags, style()))
    created = {secret_key(key_of(item.address)).address for item in items if item.created}
    for warning in secret_warnings(observed):
        if warning.address in created:
            note(f"{warning.address} {warning.message}")
    return 0
