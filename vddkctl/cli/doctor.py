"""``vddkctl doctor``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.image.options import CaFile, OptionalSpec, PlainHttp, SkipVerify
from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style
from vddkctl.errors import ImageError, UsageError

if TYPE_CHECKING:
    from vddkctl.doctor import Finding, NamedRegistry
    from vddkctl.site.source import LoadedSite

NAME = "doctor"

Tar = Annotated[
    list[str] | None,
    typer.Option("--tar", metavar="PATH", help="Look into this archive, too; repeatable."),
]
Registry = Annotated[
    list[str] | None,
    typer.Option(
        "--registry",
        metavar="HOST[/REPOSITORY]",
        help="Look at this registry, too, and at the right to push to the repository; repeatable.",
    ),
]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The cluster of this context, whatever the spec says."),
]
Timeout = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="How long a check may take: 20s, 1m.")
]


def run(
    file: OptionalSpec = None,
    tar: Tar = None,
    registry: Registry = None,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    context: Context = None,
    timeout: Timeout = "20s",
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Look whether all that is needed is there, and say what to do.

    Engines, disks, archives, registries, bases, the cluster and the rights there, all at the same time. Works without
    a spec, too. Changes nothing, and leaves nothing behind. Exits with 1 when a check fails.
    """
    from vddkctl.cli.apply import seconds
    from vddkctl.cli.image.access import CommandSettings
    from vddkctl.doctor import Status, Subject, findings
    from vddkctl.places import Places
    from vddkctl.report.doctor_text import doctor_json, doctor_text

    limit = seconds(timeout)
    if limit < 1:
        raise UsageError(f"--timeout={timeout} leaves no time", hint="such as 20s or 1m")
    folder, loaded, before = _spec(file)
    settings = CommandSettings(
        loaded.site.registries if loaded else {}, ca_file, skip_verify or (), plain_http or ()
    )
    # A registry that is silent shall be told of before the time is over.
    environment = {"VDDKCTL_REGISTRY_TIMEOUT": str(limit / 3), **os.environ}
    named = tuple(_registry(text) for text in registry or ())
    places = Places(folder, environment, settings)
    subject = Subject(places, Path.cwd(), limit, loaded, tuple(tar or ()), named, context)
    found = (*before, *findings(subject, progress(verbose)))
    if output is Output.JSON:
        json_data(doctor_json(found, subject.loaded.site.metadata.name if subject.loaded else None))
    else:
        data(doctor_text(found, style()))
    return 1 if any(finding.status is Status.FAIL for finding in found) else 0


def _spec(file: str | None) -> tuple[Path, LoadedSite | None, tuple[Finding, ...]]:
    """The spec's folder, and the spec, or what is wrong with it: all else is looked at as without one."""
    from vddkctl.cli.session import read_spec
    from vddkctl.doctor import broken_spec, unread_spec
    from vddkctl.errors import VddkctlError
    from vddkctl.site.diagnostic import SpecError
    from vddkctl.site.load import load

    if file is None and not Path(DEFAULT_FILE).is_file():
        return Path.cwd(), None, ()
    said = file or DEFAULT_FILE
    try:
        text, name, folder = read_spec(said)
        return folder, load(text, name), ()
    except SpecError as error:
        return Path.cwd(), None, (broken_spec(said, error),)
    except UsageError:
        raise
    except VddkctlError as error:
        return Path.cwd(), None, (unread_spec(said, error),)


def _registry(text: str) -> NamedRegistry:
    """A host, or a repository; of an image, its repository. Raises UsageError."""
    from vddkctl.doctor import NamedRegistry
    from vddkctl.oci.reference import is_host, parse

    if "/" not in text and is_host(text):
        return NamedRegistry(text)
    try:
        reference = parse(text).bare()
    except ImageError as error:
        raise UsageError(f"--registry: {error.what}", hint=error.hint) from None
    if reference.transport != "docker":
        raise UsageError("--registry takes a registry's host, or host/repository")
    return NamedRegistry(reference.host, reference)
