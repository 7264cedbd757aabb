"""``vddkctl image build``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vddkctl.cli.image.guard import PublicRegistry
from vddkctl.cli.image.options import CaFile, PlainHttp, SkipVerify
from vddkctl.cli.options import Verbose
from vddkctl.cli.output import progress
from vddkctl.errors import UsageError

NAME = "build"


class Runtime(StrEnum):
    """What builds it."""

    AUTO = "auto"
    PODMAN = "podman"
    DOCKER = "docker"
    NATIVE = "native"


Tar = Annotated[str, typer.Option("--tar", metavar="PATH", help="The vendor's archive.")]
Tag = Annotated[str, typer.Option("--tag", metavar="IMAGE:TAG", help="What the image is called.")]
BuildDir = Annotated[
    str | None,
    typer.Option(
        "--build-dir", metavar="PATH", help="Where podman or docker builds; a temporary folder if left out."
    ),
]
RuntimeOption = Annotated[
    Runtime | None,
    typer.Option(
        "--runtime",
        show_default=False,
        help="What builds it; auto takes podman, else docker. native if left out; auto with a Dockerfile or folder.",
    ),
]
PlatformsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--platform", metavar="ARCH", help="amd64 (the default) or arm64; repeatable, for one index."
    ),
]
DockerfileOption = Annotated[
    str | None, typer.Option("--dockerfile", metavar="PATH", help="Build with this Dockerfile.")
]
BuildArgs = Annotated[
    list[str] | None,
    typer.Option("--build-arg", metavar="NAME=VALUE", help="For the Dockerfile; repeatable."),
]
Base = Annotated[str | None, typer.Option("--base", metavar="IMAGE", help="What the image stands on.")]
Push = Annotated[
    bool, typer.Option("--push", help="Push it; else it goes into podman's or docker's storage.")
]
Insecure = Annotated[
    bool,
    typer.Option("--push-insecure-skip-tls", help="Take any certificate of the registry, or none at all."),
]
SetController = Annotated[
    bool,
    typer.Option("--set-controller-image", help="Make it the ForkliftController's vddk_image. Needs --push."),
]
Mismatch = Annotated[
    bool, typer.Option("--allow-platform-mismatch", help="Build for a platform that VDDK is not made for.")
]
Context = Annotated[str | None, typer.Option("--context", metavar="NAME", help="The kubeconfig's context.")]
Manifests = Annotated[
    str | None,
    typer.Option("--manifests", metavar="FOLDER", help="Forklift's YAML, in the place of a live cluster."),
]
Namespace = Annotated[str | None, typer.Option("-n", "--namespace", help="Where Forklift lives.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]


def run(
    tar: Tar,
    tag: Tag,
    build_dir: BuildDir = None,
    runtime: RuntimeOption = None,
    platform: PlatformsOption = None,
    dockerfile: DockerfileOption = None,
    build_arg: BuildArgs = None,
    base: Base = None,
    push: Push = False,
    push_insecure_skip_tls: Insecure = False,
    set_controller_image: SetController = False,
    context: Context = None,
    manifests: Manifests = None,
    namespace: Namespace = None,
    public_registry: PublicRegistry = None,
    allow_platform_mismatch: Mismatch = False,
    ca_file: CaFile = None,
    skip_verify: SkipVerify = None,
    plain_http: PlainHttp = None,
    dry_run: DryRun = False,
    verbose: Verbose = 0,
) -> int:
    """Build one image of an archive, and push it; no spec needed.

    What is done is shown as a plan, and then done without a question: the words say it. The last line is the image by
    its digest. What comes after the first image is better written down once, in a spec: see vddkctl init.
    """
    from vddkctl.cli.image.access import CommandSettings
    from vddkctl.cli.image.one import built_here, in_words_of_options, pushed
    from vddkctl.oci.reference import parse
    from vddkctl.site.one_image import OneImage

    if set_controller_image and not push:
        raise UsageError(
            "--set-controller-image needs --push", hint="a cluster pulls the image from a registry"
        )
    if not set_controller_image and (context or manifests or namespace):
        raise UsageError("--context, --manifests and --namespace go with --set-controller-image")
    if base and dockerfile:
        raise UsageError(
            "--base has no use with a Dockerfile", hint="its FROM lines say what the image stands on"
        )
    reference = parse(tag)
    if reference.tag is None or reference.digest is not None:
        raise UsageError("--tag takes IMAGE:TAG", hint="as in registry.example.com/vddk:8.0.1")
    chosen = runtime or (Runtime.AUTO if dockerfile or build_dir else Runtime.NATIVE)
    said = OneImage(
        archive=_whole(tar),
        repository=reference.name,
        tag=reference.tag,
        builder=chosen.value,
        platforms=[each if "/" in each else f"linux/{each}" for each in platform or ()],
        base=base,
        dockerfile=_whole(dockerfile) if dockerfile else None,
        build_dir=_whole(build_dir) if build_dir else None,
        build_args=dict(map(_pair, build_arg or ())),
        allow_mismatch=allow_platform_mismatch,
        public_registry=public_registry.value if public_registry else None,
        cluster=_cluster(context, manifests, namespace) if set_controller_image else None,
    )
    hosts = [*(plain_http or ())], [*(skip_verify or ())]
    if push_insecure_skip_tls and reference.host and reference.host not in (*hosts[0], *hosts[1]):
        _insecure(reference.host, *hosts)
    registries = CommandSettings({}, ca_file, hosts[1], hosts[0])
    with in_words_of_options():
        if push:
            return pushed(said, registries, progress(verbose), dry_run=dry_run)
        return built_here(said, registries, progress(verbose), dry_run=dry_run)


def _insecure(host: str, plain_http: list[str], skip_verify: list[str]) -> None:
    """As podman's --tls-verify=false: any certificate will do, and a registry without TLS as well."""
    from vddkctl.registry.http.probe import speaks_tls

    (skip_verify if speaks_tls(host) else plain_http).append(host)


def _cluster(context: str | None, manifests: str | None, namespace: str | None) -> dict[str, str]:
    if context and manifests:
        raise UsageError("--context and --manifests are two places; name one")
    place = {"context": context} if context else {"manifests": _whole(manifests)} if manifests else {}
    return {**place, **({"namespace": namespace} if namespace else {})}


def _whole(path: str) -> str:
    """A path that means the same whatever folder it is read from; what is no path is told of by whoever opens it."""
    import os

    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - as the shell would, links kept


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--build-arg {text} is not NAME=VALUE")
    return name, value
