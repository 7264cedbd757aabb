"""``vddkctl image build``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.image.guard import Policy
from vddkctl.cli.image.options import CaFile, PlainHttp, SkipVerify
from vddkctl.cli.options import Verbose
from vddkctl.cli.output import progress
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from vddkctl.oci.reference import Reference

NAME = "build"


class Migrations(StrEnum):
    """What to do while migrations run."""

    REFUSE = "refuse"
    WAIT = "wait"
    IGNORE = "ignore"


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
    typer.Option(
        "--build-arg",
        metavar="NAME=VALUE",
        help="For the Dockerfile; repeatable. No secrets: the image's history, plans and reports tell it.",
    ),
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
    typer.Option(
        "--set-controller-image",
        help="Make it the ForkliftController's vddk_image, whoever set that before. Needs --push.",
    ),
]
ActiveMigrations = Annotated[
    Migrations | None,
    typer.Option(
        "--active-migrations",
        show_default=False,
        help="While migrations run, which a new vddk_image would disturb: refuse if left out.",
    ),
]
Mismatch = Annotated[
    bool, typer.Option("--allow-platform-mismatch", help="Build for a platform that VDDK is not made for.")
]
Context = Annotated[str | None, typer.Option("--context", metavar="NAME", help="The kubeconfig's context.")]
Manifests = Annotated[
    str | None,
    typer.Option("--manifests", metavar="FOLDER", help="Forklift's YAML, in the place of a live cluster."),
]
Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", metavar="NAME", help="Where Forklift lives.")
]
PublicRegistry = Annotated[
    Policy | None,
    typer.Option(
        "--public-registry",
        show_default=False,
        help="Where anyone can pull: deny if left out, warn for a registry on this very machine.",
    ),
]
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
    active_migrations: ActiveMigrations = None,
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
    its digest, or without --push its ID in the engine's storage. What comes after the first image is better written
    down once, in a spec: see vddkctl init. A ./site.yaml has no part in this command. What was set is remembered
    beside the ForkliftController, as that of a site image-build.
    """
    from vddkctl.cli.image.access import CommandSettings
    from vddkctl.cli.image.one import kept_here, pushed
    from vddkctl.site.one_image import OneImage

    place = (context, manifests, namespace, active_migrations)
    _check_setting(*place, setting=set_controller_image, push=push)
    if base and dockerfile:
        raise UsageError(
            "--base has no use with a Dockerfile", hint="its FROM lines say what the image stands on"
        )
    reference = _reference(tag, setting=set_controller_image)
    chosen = runtime or (Runtime.AUTO if dockerfile or build_dir else Runtime.NATIVE)
    said = OneImage(
        archive=_whole(tar),
        repository=reference.name,
        tag=str(reference.tag),
        builder=chosen.value,
        platforms=[each if "/" in each else f"linux/{each}" for each in platform or ()],
        base=base,
        dockerfile=_whole(dockerfile) if dockerfile else None,
        build_dir=_whole(build_dir) if build_dir else None,
        build_args=dict(map(_pair, build_arg or ())),
        allow_mismatch=allow_platform_mismatch,
        public_registry=_policy(public_registry, reference, push=push),
        active_migrations=active_migrations.value if active_migrations else None,
        cluster=_cluster(context, manifests, namespace) if set_controller_image else None,
    )
    hosts = [*(plain_http or ())], [*(skip_verify or ())]
    if push_insecure_skip_tls and reference.host and reference.host not in (*hosts[0], *hosts[1]):
        _insecure(reference.host, *hosts)
    registries = CommandSettings({}, ca_file, hosts[1], hosts[0])
    do = pushed if push else kept_here
    return do(said, registries, progress(verbose), dry_run=dry_run)


def _check_setting(
    context: str | None,
    manifests: str | None,
    namespace: str | None,
    migrations: Migrations | None,
    *,
    setting: bool,
    push: bool,
) -> None:
    if setting and not push:
        raise UsageError(
            "--set-controller-image needs --push", hint="a cluster pulls the image from a registry"
        )
    if not setting and (context or manifests or namespace or migrations):
        raise UsageError(
            "--context, --manifests, --namespace and --active-migrations go with --set-controller-image"
        )
    if migrations and manifests:
        raise UsageError("--active-migrations has no use with --manifests: no migration runs in a folder")


def _reference(tag: str, *, setting: bool) -> Reference:
    """What ``--tag`` says. Raises UsageError."""
    from vddkctl.oci.reference import parse

    reference = parse(tag)
    if reference.tag is None or reference.digest is not None:
        raise UsageError("--tag takes IMAGE:TAG", hint="as in registry.example.com/vddk:8.0.1")
    if setting and reference.transport == "oci":
        raise UsageError(
            f"--set-controller-image needs an image in a registry: no cluster can pull from {reference.name}",
            hint="vddkctl image copy carries an image from a folder to a registry",
        )
    return reference


def _policy(said: Policy | None, reference: Reference, *, push: bool) -> str | None:
    """What to do where anyone can pull.

    Without a push there is nothing to pull. Of a registry on this very machine a warning is enough, if nothing else is
    said: as a rule nobody else reaches it.
    """
    from vddkctl.registry.http.access import is_loopback

    if not push:
        return Policy.ALLOW.value
    if said is None and reference.host and is_loopback(reference.host):
        return Policy.WARN.value
    return said.value if said else None


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
