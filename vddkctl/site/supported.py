"""Parts of a valid spec that this version does not carry out."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.site.diagnostic import Diagnostic, KeyPath
from vddkctl.site.source import LoadedSite


def unsupported(loaded: LoadedSite) -> tuple[Diagnostic, ...]:
    """What the spec asks for in vain, in the order of the file; empty when all of it can be done.

    ``registries`` is never among it: settings for a registry that nothing uses do no harm, and each use is reported.
    """
    diagnostics = []
    for path, what in (*_cluster(loaded), *_images(loaded), *_providers(loaded), *_sections(loaded)):
        position = loaded.source.key(*path)
        diagnostics.append(Diagnostic(loaded.source.name, position, path, f"{what} not supported yet"))
    return tuple(sorted(diagnostics, key=lambda d: (d.position.line, d.position.column, d.message)))


def _cluster(loaded: LoadedSite) -> Iterator[tuple[KeyPath, str]]:
    if loaded.site.cluster.manifests is None:
        path = ("cluster", "context") if loaded.site.cluster.context else ("cluster",)
        yield path, "only a folder of manifests (cluster.manifests) works so far; a live cluster is"


def _images(loaded: LoadedSite) -> Iterator[tuple[KeyPath, str]]:
    from vddkctl.oci.reference import parse, parse_repository

    for name, image in loaded.site.images.items():
        path = ("images", name)
        if parse_repository(image.repository).transport != "oci":
            yield (
                (*path, "repository"),
                f"only OCI layouts (oci:PATH) work so far; {image.repository}, a repository in a registry, is",
            )
        if parse(image.base).transport != "oci":
            yield (
                (*path, "base"),
                f"only bases in OCI layouts (oci:PATH:TAG) work so far; {image.base}, a base in a registry, is",
            )
        if image.builder != "native":
            yield (*path, "builder"), f"only the native builder works so far; {image.builder} is"
        if image.dockerfile is not None:
            yield (*path, "dockerfile"), "building with a Dockerfile is"


def _providers(loaded: LoadedSite) -> Iterator[tuple[KeyPath, str]]:
    for name, provider in loaded.site.providers.items():
        if provider.create is not None:
            yield ("providers", name, "create"), f"creating provider {name} is"


def _sections(loaded: LoadedSite) -> Iterator[tuple[KeyPath, str]]:
    for name in loaded.site.pull_secrets:
        yield ("pullSecrets", name), f"pull secret {name} is"
    for name in loaded.site.storage_maps:
        yield ("storageMaps", name), f"storage map {name} is"
