"""``vddkctl doctor``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, Verbose
from vddkctl.cli.output import data, json_data, progress, style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vddkctl.doctor.check import Check, Group
    from vddkctl.places import Places
    from vddkctl.site.source import LoadedSite

NAME = "doctor"

_ENGINES = ("podman", "docker")
_PATIENCE = 60.0
"""Seconds that a group of checks has."""

OptionalSpec = Annotated[
    str | None,
    typer.Option(
        "-f",
        "--file",
        envvar="VDDKCTL_FILE",
        metavar="FILE",
        help="The spec; ./site.yaml if it is there.",
    ),
]
Tar = Annotated[str | None, typer.Option("--tar", metavar="PATH", help="Look at this archive, too.")]
RegistryOption = Annotated[
    list[str] | None,
    typer.Option("--registry", metavar="HOST/PATH", help="Look at this repository, too; repeatable."),
]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The kubeconfig's context, where no spec names one."),
]


def run(
    file: OptionalSpec = None,
    tar: Tar = None,
    registry: RegistryOption = None,
    context: Context = None,
    output: OutputOption = Output.TEXT,
    verbose: Verbose = 0,
) -> int:
    """Look whether all that is needed is there, and say what to do.

    Engines, disks, archives, registries, bases, the cluster and its rights, with or without a spec. Changes nothing: to
    see whether a push is allowed, an upload is begun and cancelled. Exits with 1 when a check fails.
    """
    from vddkctl.cli.session import read_spec
    from vddkctl.doctor.check import Status
    from vddkctl.places import Places
    from vddkctl.report.doctor_text import doctor_json, doctor_text
    from vddkctl.site.load import load

    shown = progress(verbose)
    loaded, folder = None, Path.cwd()
    if file is not None or Path(DEFAULT_FILE).is_file():
        text, name, folder = read_spec(file or DEFAULT_FILE)
        loaded = load(text, name)
    places = Places(folder, registries=loaded.site.registries if loaded else {}, progress=shown)
    groups = [*_machine(places, loaded), *_images(places, loaded, tar, registry or ())]
    checks = _all([*groups, *_cluster(places, loaded, context)])
    if output is Output.JSON:
        json_data(doctor_json(checks))
    else:
        data(doctor_text(checks, style()))
    return 1 if any(each.status is Status.FAIL for each in checks) else 0


def _all(groups: list[Group]) -> list[Check]:
    """Every group at the same time; one that does not come to an end is told, and keeps nobody waiting."""
    import time
    from concurrent.futures import TimeoutError as Late

    from vddkctl.doctor.check import Check, Status
    from vddkctl.threads import start

    end = time.monotonic() + _PATIENCE
    running = [start(_listed, group) for group in groups]
    checks: list[Check] = []
    for each in running:
        try:
            checks += each.result(max(0.1, end - time.monotonic()))
        except Late:
            checks.append(
                Check(
                    "doctor", "a check", Status.FAIL, f"no end after {_PATIENCE:.0f} s", "is the network up?"
                )
            )
    order = {name: number for number, name in enumerate(dict.fromkeys(check.group for check in checks))}
    return sorted(checks, key=lambda check: order[check.group])


def _listed(group: Group) -> list[Check]:
    return list(group())


def _machine(places: Places, loaded: LoadedSite | None) -> Iterator[Group]:
    import tempfile

    from vddkctl.doctor.machine import disk, engines

    images = loaded.site.images.values() if loaded else ()
    needed = {spec.builder for spec in images if spec.builder in _ENGINES or spec.dockerfile}
    folders = {"temporary files": Path(tempfile.gettempdir()), "cache": places.cache}
    folders |= {
        f"buildDir {spec.build_dir}": places.path(spec.build_dir) for spec in images if spec.build_dir
    }
    yield lambda: engines(places.environment, needed)
    yield lambda: disk(folders, None)


def _images(
    places: Places, loaded: LoadedSite | None, tar: str | None, registries: Sequence[str]
) -> Iterator[Group]:
    from vddkctl.doctor import images
    from vddkctl.doctor.check import tried
    from vddkctl.oci.reference import parse
    from vddkctl.prepare import Preparation

    preparation = Preparation(places, places.progress)
    policy = loaded.site.policy.public_registry if loaded else "deny"
    if tar:
        path = str(Path(tar).absolute())
        yield lambda: tried(
            images.ARCHIVE, tar, lambda: images.facts_check(tar, preparation.archive(path), None)
        )
    for name, spec in loaded.site.images.items() if loaded else ():
        yield partial(images.archive, name, spec, preparation)
        yield partial(images.registry, images.image_reference(spec), places, policy)
        yield partial(images.bases, name, spec, places, preparation)
    for text in registries:
        yield partial(images.registry, parse(text), places, policy)
    references = _secret_references(loaded) if loaded else {}
    if references:
        yield partial(images.secrets, references, places)


def _secret_references(loaded: LoadedSite) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, provider in loaded.site.providers.items():
        if provider.create is None:
            continue
        said = provider.create.credentials
        for key, value in (("username", said.username), ("password", said.password)):
            found[f"{name} {key}"] = f"env:{value.env}" if value.env else f"file:{value.file}"
        if provider.create.ca_file:
            found[f"{name} caFile"] = f"file:{provider.create.ca_file}"
    return found


def _cluster(places: Places, loaded: LoadedSite | None, context: str | None) -> Iterator[Group]:
    from vddkctl.doctor import cluster
    from vddkctl.doctor.check import Check, Status

    said = loaded.site.cluster if loaded else None
    if said and said.manifests is not None and context is None:
        manifests = said.manifests
        yield lambda: cluster.folder(manifests, places)
    elif loaded or context or cluster.kubeconfig_there(places.environment):
        name, namespace = context or (said.context if said else None), said.namespace if said else None
        yield lambda: cluster.live(name, namespace, places.environment, loaded)
    else:
        yield lambda: [
            Check(cluster.CLUSTER, "API server", Status.SKIP, "there is no kubeconfig, and no spec")
        ]
