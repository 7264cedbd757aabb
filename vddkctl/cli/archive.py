"""``vddkctl archive``: the vendor's archive."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style
from vddkctl.cli.shape import Command

app = typer.Typer(help="Look into the vendor's archive.", no_args_is_help=True, rich_markup_mode=None)

ArchivePath = Annotated[str, typer.Argument(metavar="ARCHIVE", help="VMware-vix-disklib-….tar.gz")]
Sha256 = Annotated[str | None, typer.Option("--sha256", metavar="HEX", help="Refuse any other file.")]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", metavar="OS/ARCH", help="Refuse libraries for another machine, as in linux/amd64."
    ),
]


@app.callback()
def _archive() -> None:
    """Look into the vendor's archive."""


@app.command(cls=Command)
def inspect(
    archive: ArchivePath,
    sha256: Sha256 = None,
    platform: PlatformOption = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Say what an archive is, and whether it can be a layer.

    Its version, checksums, libraries and links, and what stands against using it as a layer as it is.
    """
    from pathlib import Path

    from vddkctl.cli.checksum import checksum_option
    from vddkctl.errors import ImageError, UsageError
    from vddkctl.oci.platform import parse_platform
    from vddkctl.places import Places
    from vddkctl.prepare import Preparation
    from vddkctl.report.archive_text import archive_json, archive_text

    checksum = checksum_option(sha256)
    try:
        wanted = str(parse_platform(platform)) if platform is not None else None
    except ImageError as error:
        raise UsageError(f"--platform: {error.what}", hint=error.hint) from None
    places = Places(Path.cwd())
    facts = Preparation(places, progress(verbose)).archive(archive, checksum, wanted)
    if output is Output.JSON:
        json_data(archive_json(facts, archive))
    else:
        data(archive_text(facts, archive, style()))
