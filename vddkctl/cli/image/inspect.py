"""``vddkctl image inspect``."""

from __future__ import annotations

from vddkctl.cli.image.options import CaFile, ImageName, OptionalSpec, PlainHttp, PlatformOption, SkipVerify
from vddkctl.cli.options import Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style

NAME = "inspect"


def run(
    image: ImageName,
    platform: PlatformOption = None,
    file: OptionalSpec = None,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Say what an image is, and what it holds of the vendor's.

    Digest, platforms, layers, user and entrypoint, base, and the archive in it. Only manifests and configs are read.
    -v shows the labels too; --output json has both documents besides, as "manifest" and "config".
    """
    from vddkctl.cli.image.named import open_named, platform_option
    from vddkctl.registry.found import found
    from vddkctl.registry.inspected import inspect_image, inspect_platform
    from vddkctl.report.image_text import image_json, image_text

    wanted = platform_option(platform)
    named = open_named(file, progress(verbose), ca_file, skip_verify, plain_http)
    reference, written = named.reference(image), str(named.written(image))
    registry = named.registry(reference)
    descriptor = found(registry, reference)
    if wanted:
        seen = inspect_platform(registry, reference, descriptor, wanted)
    else:
        seen = inspect_image(registry, reference, descriptor)
    if output is Output.JSON:
        json_data(image_json(seen, written))
    else:
        data(image_text(seen, written, style(), labels=verbose > 0))
