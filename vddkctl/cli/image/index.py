"""``vddkctl image index``."""

from __future__ import annotations

from typing import Annotated

import typer

from vddkctl.cli.image.guard import PublicRegistry, guard
from vddkctl.cli.image.options import CaFile, OptionalSpec, PlainHttp, SkipVerify
from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style

NAME = "index"

Destination = Annotated[str, typer.Argument(metavar="DST", help="What to call the index: host/path:tag.")]
Images = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE", help="References, or images of the spec; of an index all images count. Repeatable."
    ),
]


def run(
    destination: Destination,
    image: Images,
    public_registry: PublicRegistry = None,
    file: OptionalSpec = None,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Join images of several platforms under one name.

    The images are pushed already; those of other repositories are copied, by digest. Each one's platform is read from
    its config. The same images give the same index. The tag moves last.
    """
    from vddkctl.cli.image.named import open_named
    from vddkctl.registry.copy import Copied, copy
    from vddkctl.registry.found import found
    from vddkctl.registry.joined import Member, join, members
    from vddkctl.report.index_text import index_json, index_text

    shown = progress(verbose)
    named = open_named(file, shown, ca_file, skip_verify, plain_http)
    there = named.destination(destination)
    parts: list[Member] = []
    for text in image:
        reference = named.reference(text)
        registry = named.registry(reference)
        parts += members(registry, reference, found(registry, reference), str(named.written(text)))
    whole, ordered = join(parts)
    written = named.written(destination, whole=False)

    def told(copied: Copied) -> None:
        if output is Output.JSON:
            json_data(index_json(copied, ordered, written))
        else:
            data(index_text(copied, ordered, written, style()))

    guard(named, there, public_registry).put(lambda: copy(whole, named.registry(there), there, shown), told)
