"""``vddkctl status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vddkctl.cluster.base import Cluster
    from vddkctl.errors import VddkctlError
    from vddkctl.observe.status import SiteStatus
    from vddkctl.places import Places

NAME = "status"

ProviderNames = Annotated[
    list[str] | None, typer.Argument(metavar="PROVIDER", help="name or namespace/name; all when left out.")
]
OptionalSpec = Annotated[
    str | None,
    typer.Option(
        "-f", "--file", envvar="VDDKCTL_FILE", metavar="FILE", help="The spec; ./site.yaml if it is there."
    ),
]
Context = Annotated[str | None, typer.Option("--context", metavar="NAME", help="The kubeconfig's context.")]
Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", metavar="NAME", help="Where Forklift lives.")
]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl-C.")]
Every = Annotated[float, typer.Option("--every", min=0.1, metavar="SECONDS", help="How often, with --watch.")]


def run(
    provider: ProviderNames = None,
    file: OptionalSpec = None,
    context: Context = None,
    namespace: Namespace = None,
    watch: Watch = False,
    every: Every = 5,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Show each provider's image, its version and its health.

    And Forklift's plans that complain about VDDK, and the pods that use it, with CPU and memory. Works with and without
    a spec; changes nothing.
    """
    from vddkctl.observe.status import site_status
    from vddkctl.observe.versions import ImageLooks

    places, cluster, place = opened(file, context, namespace, verbose)
    looks, wanted = ImageLooks(places), provider or ()

    def look() -> SiteStatus:
        status = site_status(cluster, place, looks, wanted)
        if wanted and not status.providers:
            raise UsageError(f"no vSphere provider {', '.join(wanted)}")
        return status

    if watch:
        _again(look, every, output)
    elif output is Output.JSON:
        from vddkctl.report.status_text import status_json

        json_data(status_json(look()))
    else:
        from vddkctl.report.status_text import status_text

        data(status_text(look(), style()))
    return 0


def opened(
    file: str | None, context: str | None, namespace: str | None, verbose: int
) -> tuple[Places, Cluster, str | None]:
    """Where the settings are: of the spec, if there is one, unless a context is named."""
    from vddkctl.cli.session import read_spec
    from vddkctl.places import Places
    from vddkctl.site.load import load

    shown = progress(verbose)
    if file is None and not Path(DEFAULT_FILE).is_file():
        places = Places(Path.cwd(), progress=shown)
        return places, places.cluster(None, context, namespace), namespace
    text, name, folder = read_spec(file or DEFAULT_FILE)
    site = load(text, name).site
    places = Places(folder, registries=site.registries, progress=shown)
    place = namespace or site.cluster.namespace
    if context:
        return places, places.cluster(None, context, place, site.metadata.name), place
    return places, places.settings(site), place


def _again(look: Callable[[], SiteStatus], every: float, output: Output) -> None:
    """Until Ctrl-C: each look with its time; for programs a line each, so that a stream of them can be read."""
    import json

    from vddkctl.apply.identity import now
    from vddkctl.cli.watching import watch
    from vddkctl.report.status_text import status_json, status_text

    def block() -> str:
        if output is Output.JSON:
            return json.dumps({"time": now(), **status_json(look())}) + "\n"
        return f"# {now()}\n{status_text(look(), style())}\n"

    def wrong(error: VddkctlError) -> str:
        """It was well a moment ago, and may be in a moment."""
        if output is Output.JSON:
            return json.dumps({"time": now(), "error": error.what}) + "\n"
        return f"# {now()}\n{error}\n\n"

    watch(block, wrong, every)
