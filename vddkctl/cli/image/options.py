"""Options that the commands about images share."""

from __future__ import annotations

from typing import Annotated

import typer

ImageName = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE", help="host/path:tag, host/path@sha256:…, oci:FOLDER:TAG, or an image of the spec."
    ),
]
OptionalSpec = Annotated[
    str | None,
    typer.Option(
        "-f",
        "--file",
        envvar="VDDKCTL_FILE",
        metavar="FILE",
        help="The spec, for its registries and names; ./site.yaml where there is one.",
    ),
]
CaFile = Annotated[
    str | None,
    typer.Option(
        "--ca-file",
        metavar="FILE",
        help="Trust this authority (PEM) in every registry, which then is one with TLS; the spec's caFile.",
    ),
]
SkipVerify = Annotated[
    list[str] | None,
    typer.Option("--skip-verify", metavar="HOST", help="Take any certificate of this registry; repeatable."),
]
PlainHttp = Annotated[
    list[str] | None,
    typer.Option("--plain-http", metavar="HOST", help="Use no TLS with this registry; repeatable."),
]
PlatformOption = Annotated[
    str | None,
    typer.Option("--platform", metavar="OS/ARCH", help="The image for this platform, out of an index."),
]
