"""The images: what their parts refer to, and that no two are the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.errors import ImageError
from vddkctl.site.mistake import Mistake, mapping_at, text_at
from vddkctl.site.model import INHERIT, NATIVE
from vddkctl.site.words import quoted


def check_images(data: dict[str, Any]) -> Iterator[Mistake]:
    """Every image for itself, then all of them together."""
    for name, image in mapping_at(data, "images").items():
        path = ("images", name)
        if name == INHERIT:
            yield Mistake(
                path, "no image can be named inherit: it means that a provider has no override", at_key=True
            )
        if isinstance(image, dict):
            yield from _check_references(path, image)
            yield from _check_platforms(path, image)
            yield from _check_builder(path, image)
    yield from _check_twins(data)


def explained(error: ImageError) -> str:
    """What is wrong with a reference, and how it should be."""
    return f"{error.what}; {error.hint}" if error.hint else error.what


def _check_references(path: tuple[str, str], image: dict[str, Any]) -> Iterator[Mistake]:
    from vddkctl.oci.reference import parse, parse_repository

    for key, read in (
        ("repository", parse_repository),
        ("base", parse),
        ("clusterRepository", parse_repository),
    ):
        text = text_at(image, key)
        if not text:
            continue
        try:
            reference = read(text)
        except ImageError as error:
            yield Mistake((*path, key), explained(error))
            continue
        if key == "clusterRepository" and reference.transport == "oci":
            yield Mistake(
                (*path, key), "a cluster cannot pull from an OCI layout; expected host/path in a registry"
            )
        if key == "base" and reference.tag is None and reference.digest is None:
            yield Mistake((*path, key), f"{quoted(text)} has neither tag nor digest")
        if key == "base" and reference.pinned and image.get("followBase") is True:
            message = '"followBase" has no use with a base that is pinned by digest; keep one of the two'
            yield Mistake((*path, "followBase"), message, at_key=True)


def _check_platforms(path: tuple[str, str], image: dict[str, Any]) -> Iterator[Mistake]:
    from vddkctl.oci.platform import Platform, parse_platform

    platforms = image.get("platforms")
    if not isinstance(platforms, tuple):
        return
    seen: set[Platform] = set()
    for index, text in enumerate(platforms):
        if not isinstance(text, str) or not text:
            continue
        place = (*path, "platforms", index)
        try:
            platform = parse_platform(text)
        except ImageError as error:
            yield Mistake(place, explained(error))
            continue
        if platform.os != "linux":
            yield Mistake(place, f"expected a platform of linux, got {quoted(text)}")
        elif platform in seen:
            yield Mistake(place, f"platform {text} stands twice")
        seen.add(platform)


def _check_builder(path: tuple[str, str], image: dict[str, Any]) -> Iterator[Mistake]:
    if image.get("builder", NATIVE) != NATIVE:
        if image.get("dockerfile") and "base" in image:
            message = '"base" has no use with a Dockerfile, whose FROM lines say what it stands on; remove it'
            yield Mistake((*path, "base"), message, at_key=True)
        if image.get("buildArgs") and not image.get("dockerfile"):
            message = '"buildArgs" has no use without a Dockerfile'
            yield Mistake((*path, "buildArgs"), message, at_key=True)
        return
    for key in ("dockerfile", "buildDir", "buildArgs"):
        if image.get(key):
            message = f'"{key}" has no use with builder native; set builder: podman, docker or auto'
            yield Mistake((*path, key), message, at_key=True)


def _check_twins(data: dict[str, Any]) -> Iterator[Mistake]:
    first: dict[tuple[str, str], str] = {}
    for name, image in mapping_at(data, "images").items():
        repository, tag = text_at(image, "repository"), text_at(image, "tag")
        place = _place(repository or "")
        if not place or not tag:
            continue
        here = (place, tag)
        if here in first:
            message = f"images {first[here]} and {name} are both {repository}:{tag}; give one another tag"
            yield Mistake(("images", name, "tag"), message)
        first.setdefault(here, name)


def _place(repository: str) -> str | None:
    """One name for each place: ``oci:./images`` and ``oci:images/`` are the same folder."""
    from vddkctl.oci.reference import parse_repository

    try:
        reference = parse_repository(repository)
    except ImageError:
        return None
    if reference.transport != "oci":
        return reference.name
    root = "/" if reference.path.startswith("/") else ""
    return f"oci:{root}{'/'.join(part for part in reference.path.split('/') if part not in {'', '.'})}"
