"""A spec as it goes into a cluster: with the files that it is compared by, and nothing that only this machine has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct, field

from vddkctl.errors import VddkctlError
from vddkctl.places import Places
from vddkctl.site.diagnostic import Diagnostic, KeyPath, SpecError
from vddkctl.site.source import LoadedSite

SPEC = "site.yaml"
LARGEST = 1_000_000
"""Bytes; a ConfigMap holds 1 MiB (Kubernetes, "ConfigMaps")."""


class Carried(Struct, frozen=True):
    """Files by name: the spec, and what it names."""

    files: dict[str, str] = field(default_factory=dict)


def carried(loaded: LoadedSite, places: Places, namespace: str) -> Carried:
    """What is to be put beside a job in the cluster; ``namespace`` is Forklift's.

    Raises SpecError for what cannot be compared in there, and VddkctlError for a file that cannot be used.
    """
    found = sorted(_unfit(loaded), key=lambda each: (each.position.line, each.position.column))
    if found:
        raise SpecError(tuple(found), "reason", "why this site cannot be looked at from inside the cluster")
    site: dict[str, Any] = loaded.site.model_dump(mode="json", by_alias=True, exclude_unset=True)
    # No context: the account of the pod is the login.
    site["cluster"] = {"namespace": namespace}
    files: dict[str, str] = {}
    for image in site.get("images", {}).values():
        # It is not there, and what does not lead anywhere needs no variables of this machine.
        name = PurePosixPath(image["archive"]["path"]).name
        image["archive"]["path"] = "archive.tar.gz" if "$" in name else name
        image.pop("buildDir", None)
    for path, part in _with_files(site):
        where = f"{loaded.source.name}:{_place(loaded, path)}"
        key = str(path[-1])
        said = part[key]
        text = _content(places, said, where)
        if key == "caFile":
            _certificates(text, said, where)
        part[key] = _added(files, PurePosixPath(said).name, text)
    files[SPEC] = yaml_text(site)
    if sum(len(text.encode()) for text in files.values()) > LARGEST:
        raise VddkctlError(f"the spec and what it names are larger than a ConfigMap: {LARGEST} bytes")
    return Carried(dict(sorted(files.items())))


def yaml_text(*documents: Any) -> str:
    """YAML in block style; texts of several lines as they stand."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 110
    yaml.default_flow_style = False
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump_all([_literal(each) for each in documents], out)
    return out.getvalue().removeprefix("---\n")


def _literal(value: Any) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString

    if isinstance(value, dict):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(inner) for inner in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value


def _unfit(loaded: LoadedSite) -> Iterator[Diagnostic]:
    site = loaded.site

    def diagnostic(message: str, *path: str) -> Diagnostic:
        return Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)

    if site.cluster.manifests is not None:
        message = "the settings are a folder of manifests; vddkctl schedule github or gitlab looks at it where it is"
        yield diagnostic(message, "cluster", "manifests")
    for name, image in site.images.items():
        if image.archive.sha256 is None:
            message = f"image {name} has no archive.sha256, and the archive is not in the cluster; sha256sum prints it"
            yield diagnostic(message, "images", name, "archive", "sha256")
        if image.repository.startswith("oci:"):
            message = f"image {name} is kept in a folder, which is not in the cluster"
            yield diagnostic(message, "images", name, "repository")
    for host, settings in site.registries.items():
        if settings.client_key_file is not None:
            message = f"a client key does not belong into a ConfigMap: {host} wants another login from inside"
            yield diagnostic(message, "registries", host, "clientKeyFile")


def _with_files(site: dict[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Where the spec names a file that is looked into: certificates, and Dockerfiles, by which an image is known."""
    for host, settings in site.get("registries", {}).items():
        if settings.get("caFile"):
            yield ("registries", host, "caFile"), settings
    for name, image in site.get("images", {}).items():
        if image.get("dockerfile"):
            yield ("images", name, "dockerfile"), image
    for name, provider in site.get("providers", {}).items():
        if provider.get("create", {}).get("caFile"):
            yield ("providers", name, "create", "caFile"), provider["create"]


def _place(loaded: LoadedSite, path: KeyPath) -> str:
    position = loaded.source.value(*path)
    return f"{position.line}:{position.column}"


def _content(places: Places, name: str, where: str) -> str:
    try:
        return places.path(name).read_bytes().decode()
    except OSError as error:
        raise VddkctlError(f"{name} cannot be read: {error.strerror}", where=where) from None
    except UnicodeDecodeError:
        raise VddkctlError(f"{name} is no text", where=where) from None


def _certificates(text: str, name: str, where: str) -> None:
    if "PRIVATE KEY" in text or "BEGIN CERTIFICATE" not in text:
        raise VddkctlError(f"{name} does not hold certificates alone", where=where)


def _added(files: dict[str, str], name: str, text: str) -> str:
    """The file's name in the cluster, where all lie in one folder."""
    plain = re.sub(r"[^-._a-zA-Z0-9]", "-", name)
    count, key = 1, plain
    while files.get(key, text) != text or key == SPEC:
        count += 1
        key = f"{count}-{plain}"
    files[key] = text
    return f"./{key}"
