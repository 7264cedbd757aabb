"""What an engine builds an image of. It has a digest, so that a change is seen without building anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from vddkctl.errors import BuildError, ImageError
from vddkctl.oci.dockerfile import Dockerfile, parse_dockerfile
from vddkctl.oci.document import encode
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.plan.observed import ObservedBase
from vddkctl.prepare.bases import Bases
from vddkctl.prepare.preparation import platforms_of
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.archive import ROOT

_FORMAT = 1
"""Raise it when the same inputs give another image."""
_LARGEST = 1 << 20
"""Bytes of a Dockerfile."""

# What the usual Dockerfile for VDDK images says. /opt is copied, not made by a command, so that nothing has to run: for
# images of other platforms that would need an emulator.
_LINES = f"""\
USER 1001
COPY {ROOT} /{ROOT}
COPY opt /opt
ENTRYPOINT ["cp", "-r", "/{ROOT}", "/opt"]
"""
_NO_MORE = "CMD []\n"
"""Words of a command that other lines have set would be put behind the entrypoint."""


class Recipe(Struct, frozen=True):
    """Everything that decides what is built. ``bases`` has the digest of each image that the Dockerfile names.

    ``inputs`` is the digest of all of it. ``newer`` are digests that floating names mean by now, where the image does
    not follow them.
    """

    dockerfile: Dockerfile
    archive_sha256: str
    arguments: Mapping[str, str]
    platforms: tuple[str, ...]
    bases: Mapping[str, str]
    newer: Mapping[str, str] = {}

    @property
    def inputs(self) -> str:
        """``sha256:<hex>``; no matter which engine builds it, where, or from which path."""
        content = {
            "format": _FORMAT,
            "archive": self.archive_sha256,
            "dockerfile": self.dockerfile.text,
            "arguments": dict(self.arguments),
            "platforms": sorted(self.platforms),
            "bases": dict(self.bases),
        }
        return f"sha256:{hashlib.sha256(encode(content)).hexdigest()}"

    @property
    def base(self) -> ObservedBase | None:
        """What the image stands on, None for nothing."""
        final = self.dockerfile.final
        if final is None:
            return None
        floating = not parse(final).pinned
        return ObservedBase(self.bases[final], floating, self.newer.get(final), name=final)


def recipe(
    spec: ImageSpec, archive_sha256: str, kept: Mapping[str, str], places: Places, bases: Bases
) -> Recipe:
    """The recipe of an image. ``kept`` are the bases that it has been built on, which it stays on.

    Raises BuildError for a Dockerfile that cannot be read, ImageError for one that cannot be understood, and
    RegistryError for a base that is not there.
    """
    dockerfile = read_dockerfile(spec, places)
    settled: dict[str, str] = {}
    newer: dict[str, str] = {}
    for name in dockerfile.references:
        reference = base_reference(name, spec)
        now = bases.ground(reference, platforms_of(spec)).digest
        before = None if reference.pinned or spec.follow_base else kept.get(name)
        settled[name] = before or now
        if settled[name] != now:
            newer[name] = now
    return Recipe(dockerfile, archive_sha256, dict(spec.build_args), spec.platforms, settled, newer)


def renewed(recipe: Recipe, spec: ImageSpec, bases: Bases) -> Recipe:
    """A recipe for building: where a base that the image was built on is gone, the one that is there now."""
    settled = dict(recipe.bases)
    for name, now in recipe.newer.items():
        if not bases.has(base_reference(name, spec), settled[name]):
            settled[name] = now
    newer = {name: now for name, now in recipe.newer.items() if settled[name] != now}
    return Recipe(
        recipe.dockerfile, recipe.archive_sha256, recipe.arguments, recipe.platforms, settled, newer
    )


def read_dockerfile(spec: ImageSpec, places: Places) -> Dockerfile:
    """The spec's Dockerfile, or the usual one.

    One that says nothing of VDDK is about the tools around it: the usual lines come after its own.
    """
    if spec.dockerfile is None:
        return parse_dockerfile(f"FROM {spec.base}\n{_LINES}", {}, "the usual Dockerfile")
    text = _text(places.path(spec.dockerfile), spec.dockerfile)
    if ROOT not in text:
        text = f"{text.rstrip()}\n{_LINES}{_NO_MORE}"
    return parse_dockerfile(text, spec.build_args, spec.dockerfile)


def base_reference(name: str, spec: ImageSpec) -> Reference:
    """An image that a Dockerfile names. Raises ImageError: short names mean something else on every machine."""
    try:
        reference = parse(name)
    except ImageError as error:
        error.where = f"{spec.dockerfile}: FROM {name}"
        raise
    if reference.tag is None and reference.digest is None:
        raise ImageError("it has neither tag nor digest", where=f"{spec.dockerfile}: FROM {name}")
    return reference


def labels_of(recipe: Recipe) -> dict[str, str]:
    """What the image is to say of its recipe."""
    from vddkctl.oci.annotations import BASES, INPUTS

    return {INPUTS: recipe.inputs, BASES: encode(dict(recipe.bases)).decode()}


def _text(path: Path, said: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise BuildError(
            "no such Dockerfile", where=said, hint="dockerfile is relative to the spec's folder"
        ) from None
    except OSError as error:
        raise BuildError(f"the Dockerfile cannot be read: {error.strerror}", where=said) from None
    if len(content) > _LARGEST:
        raise BuildError("this is no Dockerfile: it is larger than 1 MiB", where=said)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BuildError("the Dockerfile is not UTF-8", where=said) from None
