"""What is looked at: a spec where there is one, and what the command line names besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.site.model import ImageSpec
from vddkctl.site.source import LoadedSite


class NamedRegistry(Struct, frozen=True):
    """A registry of the command line: its host, and the repository that images go to, if one is named."""

    host: str
    repository: Reference | None = None


class Subject(Struct, frozen=True):
    """``places`` are the spec's, with a short patience; ``here`` is where paths of the command line start.

    ``timeout``: seconds that a check may take. ``archives``, ``registries`` and ``named_context`` are what the command
    line names.
    """

    places: Places
    here: Path
    timeout: float
    loaded: LoadedSite | None = None
    archives: tuple[str, ...] = ()
    registries: tuple[NamedRegistry, ...] = ()
    named_context: str | None = None

    @property
    def images(self) -> Mapping[str, ImageSpec]:
        """The declared images by name; none without a spec."""
        return self.loaded.site.images if self.loaded else {}

    @property
    def connect_timeout(self) -> float:
        """Seconds for one connection, so that what is found out before and after still has its time."""
        return self.timeout / 3

    @property
    def context(self) -> str | None:
        """The kubeconfig context: the command line's, else the spec's."""
        return self.named_context or (self.loaded.site.cluster.context if self.loaded else None)

    @property
    def manifests(self) -> str | None:
        """The folder of manifests that the spec names, unless the command line names a cluster."""
        return self.loaded.site.cluster.manifests if self.loaded and self.named_context is None else None

    @property
    def namespace(self) -> str | None:
        """Where Forklift lives, if the spec says so."""
        return self.loaded.site.cluster.namespace if self.loaded else None


class HostWork(Struct, frozen=True):
    """What a registry is wanted for: repositories to push to, and bases to read, each with its platforms."""

    host: str
    pushes: tuple[Reference, ...] = ()
    bases: tuple[tuple[Reference, tuple[str, ...]], ...] = ()


def hosts(subject: Subject) -> tuple[HostWork, ...]:
    """Every registry that this machine has to reach, the spec's first."""
    pushes: dict[str, dict[str, Reference]] = {}
    bases: dict[str, dict[str, tuple[Reference, tuple[str, ...]]]] = {}
    for reference in _repositories(subject):
        pushes.setdefault(reference.host, {})[reference.name] = reference
    for reference, platforms in base_images(subject):
        if reference.transport == "docker":
            bases.setdefault(reference.host, {}).setdefault(str(reference), (reference, platforms))
    names = dict.fromkeys((*pushes, *(named.host for named in subject.registries), *bases))
    return tuple(
        HostWork(host, tuple(pushes.get(host, {}).values()), tuple(bases.get(host, {}).values()))
        for host in names
    )


def base_images(subject: Subject) -> Iterator[tuple[Reference, tuple[str, ...]]]:
    """What images stand on: the spec's bases, or those of a Dockerfile. One that cannot be read is told elsewhere."""
    from vddkctl.prepare.recipe import base_reference, read_dockerfile

    for spec in subject.images.values():
        if spec.dockerfile is None:
            yield parse(spec.base), spec.platforms
            continue
        with suppress(VddkctlError):
            for name in read_dockerfile(spec, subject.places).references:
                yield base_reference(name, spec), spec.platforms


def layouts(subject: Subject) -> Iterator[Reference]:
    """OCI layouts that images go to."""
    for spec in subject.images.values():
        reference = parse(spec.repository)
        if reference.transport == "oci":
            yield reference


def _repositories(subject: Subject) -> Iterator[Reference]:
    for spec in subject.images.values():
        reference = parse(spec.repository)
        if reference.transport == "docker":
            yield parse(f"{spec.repository}:{spec.tag}")
    yield from (named.repository for named in subject.registries if named.repository is not None)
