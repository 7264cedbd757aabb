"""``vddkctl image export``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.image.options import CaFile, ImageName, OptionalSpec, PlainHttp, PlatformOption, SkipVerify
from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style
from vddkctl.registry.export.form import Format

NAME = "export"


FilePath = Annotated[str, typer.Argument(metavar="FILE", help="The tar file to write.")]
FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="An OCI layout with all platforms, or one image as docker save and docker load have it.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def run(
    image: ImageName,
    target: FilePath,
    form: FormatOption = Format.OCI,
    platform: PlatformOption = None,
    force: Force = False,
    file: OptionalSpec = None,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Write an image to a file, for a site without a network.

    skopeo, podman and docker load it; an oci-archive that is unpacked with tar is a layout, for: vddkctl image copy.
    Every digest is checked on the way. The file is there when it is whole, and not before.
    """
    from pathlib import Path

    from vddkctl.cli.image.named import open_named, platform_option
    from vddkctl.errors import UsageError
    from vddkctl.registry.export.archive import chosen, export
    from vddkctl.registry.found import found
    from vddkctl.report.export_text import export_json, export_text

    if target == "-":
        raise UsageError("an archive is not written to standard output", hint="name a file")
    wanted, shown = platform_option(platform), progress(verbose)
    named = open_named(file, shown, ca_file, skip_verify, plain_http)
    reference = named.reference(image)
    registry = named.registry(reference)
    whole = chosen(registry, reference, found(registry, reference), form, wanted)
    exported = export(whole, named.public(image), form, Path(target), shown, overwrite=force)
    written = str(named.written(image))
    if output is Output.JSON:
        json_data(export_json(exported, written, target, form))
    else:
        data(export_text(exported, written, target, form, style()))
