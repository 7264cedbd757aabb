"""``vddkctl image copy``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.image.guard import PublicRegistry, guard
from vddkctl.cli.image.options import CaFile, OptionalSpec, PlainHttp, PlatformOption, SkipVerify
from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style

NAME = "copy"

Source = Annotated[
    str,
    typer.Argument(
        metavar="SRC", help="host/path:tag, host/path@sha256:…, oci:FOLDER:TAG, or an image of the spec."
    ),
]
Destination = Annotated[
    str, typer.Argument(metavar="DST", help="Where to; without a tag it is there by its digest alone.")
]


def run(
    source: Source,
    destination: Destination,
    platform: PlatformOption = None,
    public_registry: PublicRegistry = None,
    file: OptionalSpec = None,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Carry an image elsewhere, byte for byte.

    From any registry or layout to any other: no byte changes, so the digest stays the same. An index goes with all
    its images. Only what is not there is sent, straight from one to the other; the tag moves last.
    """
    from vddkctl.cli.image.named import open_named, platform_option
    from vddkctl.registry.copy import Copied, copy
    from vddkctl.registry.found import found
    from vddkctl.registry.inspected import inspect_platform
    from vddkctl.registry.whole import read_whole
    from vddkctl.report.copy_text import copy_json, copy_text

    wanted, shown = platform_option(platform), progress(verbose)
    named = open_named(file, shown, ca_file, skip_verify, plain_http)
    here, there = named.reference(source), named.destination(destination)
    registry = named.registry(here)
    descriptor = found(registry, here)
    if wanted:
        descriptor = inspect_platform(registry, here, descriptor, wanted).images[0].descriptor
    written = named.written(source), named.written(destination, whole=False)

    def told(copied: Copied) -> None:
        if output is Output.JSON:
            json_data(copy_json(copied, *written))
        else:
            data(copy_text(copied, *written, style()))

    whole = read_whole(registry, here, descriptor)
    guard(named, there, public_registry).put(lambda: copy(whole, named.registry(there), there, shown), told)
