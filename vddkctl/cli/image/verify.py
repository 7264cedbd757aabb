"""``vddkctl image verify``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.image.options import CaFile, ImageName, OptionalSpec, PlainHttp, PlatformOption, SkipVerify
from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style

if TYPE_CHECKING:
    from vddkctl.cli.image.named import Named
    from vddkctl.prepare import Preparation
    from vddkctl.progress import Progress
    from vddkctl.site.model import ImageSpec
    from vddkctl.verify import Expected, LocalArchive, Trial

NAME = "verify"


class Runtime(StrEnum):
    """What can start an image."""

    AUTO = "auto"
    PODMAN = "podman"
    BUILDAH = "buildah"


_LONGEST = 86_400.0
"""Seconds: no start takes a day."""

Archive = Annotated[
    str | None,
    typer.Option(
        "--archive", metavar="FILE", help="The vendor's archive that the image is to hold; else the spec's."
    ),
]
Sha256 = Annotated[
    str | None,
    typer.Option("--sha256", metavar="HEX", help="The archive's checksum, where it is not at hand."),
]

Run = Annotated[
    bool,
    typer.Option(
        "--run",
        help="Also start it, as Forklift and CDI do, and look at what arrives in /opt; needs an engine.",
    ),
]
RuntimeOption = Annotated[
    Runtime | None,
    typer.Option("--runtime", help="What --run starts it with; auto: podman, else buildah."),
]
TIMEOUT = 120.0
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help=f"How long --run waits for a program in the image; {TIMEOUT:g} if not given.",
    ),
]


def run(
    image: ImageName,
    archive: Archive = None,
    sha256: Sha256 = None,
    platform: PlatformOption = None,
    start: Run = False,
    runtime: RuntimeOption = None,
    timeout: TimeoutOption = None,
    file: OptionalSpec = None,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Prove that an image holds the vendor's archive, and will work.

    Every byte is read from the registry: digests, the archive's layer, libraries and links, user and entrypoint,
    platforms, and files that look like secrets. For an image of the spec its archive, base and platforms count.
    With --run the image is also started as UID 107, without capabilities and network, in a storage of its own.
    Exits with 1 when a check fails, or when nothing shows that it is the vendor's archive.
    """
    from vddkctl.cli.checksum import checksum_option
    from vddkctl.cli.image.named import open_named, platform_option
    from vddkctl.registry.found import found
    from vddkctl.report.verify_text import verify_json, verify_text
    from vddkctl.verify import verify

    checksum, wanted = checksum_option(sha256), platform_option(platform)
    shown = progress(verbose)
    trial = _trial(shown, runtime, timeout, start=start)
    named = open_named(file, shown, ca_file, skip_verify, plain_http)
    reference = named.reference(image)
    registry = named.registry(reference)
    descriptor = found(registry, reference)
    expected = _expected(named, named.spec(image), archive, checksum, shown)
    verification = verify(registry, reference, descriptor, expected, shown, wanted, trial)
    if output is Output.JSON:
        json_data(verify_json(verification, str(named.written(image))))
    else:
        data(verify_text(verification, str(named.written(image)), style()))
    return 0 if verification.holds else 1


def _trial(
    progress: Progress, runtime: Runtime | None, timeout: float | None, *, start: bool
) -> Trial | None:
    """What --run asks for. Raises UsageError, and TrialError when there is no engine."""
    from os import environ

    from vddkctl.errors import UsageError
    from vddkctl.verify import Trial

    if not start:
        for option, given in (("--runtime", runtime), ("--timeout", timeout)):
            if given is not None:
                raise UsageError(f"{option} is for --run", hint="add --run, or leave it out")
        return None
    if timeout is not None and not 0 < timeout <= _LONGEST:
        raise UsageError(f"--timeout takes 1 to {_LONGEST:g} seconds")
    return Trial(runtime or Runtime.AUTO, timeout or TIMEOUT, environ, progress)


def _expected(
    named: Named, spec: ImageSpec | None, archive: str | None, sha256: str | None, progress: Progress
) -> Expected:
    """What the command line says, and for the rest the spec. Raises ArchiveError for an archive that is no use."""
    from vddkctl.places import Places
    from vddkctl.prepare import Preparation
    from vddkctl.verify import Expected

    preparation = Preparation(named.places, progress)
    at_hand = None
    if archive is not None:
        at_hand = _local(Preparation(Places(named.here, named.places.environment), progress), archive, sha256)
    elif spec is not None:
        sha256 = sha256 or spec.archive.sha256
        if preparation.has_archive(spec):
            at_hand = _local(preparation, spec.archive.path, sha256)
    sha256 = at_hand.facts.sha256 if at_hand else sha256
    if spec is None:
        return Expected(sha256, at_hand)
    return _declared(preparation, spec, sha256, at_hand)


def _local(preparation: Preparation, path: str, sha256: str | None) -> LocalArchive:
    from vddkctl.verify import LocalArchive

    return LocalArchive(preparation.places.path(path), preparation.archive(path, sha256))


def _declared(
    preparation: Preparation, spec: ImageSpec, sha256: str | None, at_hand: LocalArchive | None
) -> Expected:
    from vddkctl.oci.image import BaseImage
    from vddkctl.oci.platform import Platform, parse_platform
    from vddkctl.oci.reference import parse
    from vddkctl.verify import Expected, ExpectedBase

    reference = parse(spec.base)

    def read(platform: Platform, digest: str | None) -> BaseImage:
        wanted = reference if digest is None else reference.with_digest(digest)
        return preparation.bases.ground(wanted, [platform]).images[platform]

    return Expected(
        sha256,
        at_hand,
        tuple(parse_platform(platform) for platform in spec.platforms),
        spec.allow_platform_mismatch,
        # A Dockerfile has a base of its own.
        None if spec.dockerfile else ExpectedBase(spec.base, reference.pinned, read),
    )
