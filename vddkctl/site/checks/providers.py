"""The controller and the providers: names, rules, and the images they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.errors import ImageError
from vddkctl.site.checks.images import explained
from vddkctl.site.diagnostic import KeyPath
from vddkctl.site.mistake import Mistake, mapping_at, text_at, value_at
from vddkctl.site.model import INHERIT
from vddkctl.site.names import flaw_of_provider_name, is_rule
from vddkctl.site.words import nearest, quoted


def check_controller(data: dict[str, Any]) -> Iterator[Mistake]:
    """Its image is declared, or a full reference."""
    path = ("controller", "vddkImage")
    image = text_at(data, *path)
    if image == INHERIT:
        yield Mistake(
            path, "the controller inherits from nothing; write null to make sure that no image is set"
        )
    elif image is not None:
        yield from _check_image(path, image, data)


def check_providers(data: dict[str, Any]) -> Iterator[Mistake]:
    """Names, rules, images, and what is created."""
    providers = mapping_at(data, "providers")
    for name, provider in providers.items():
        path = ("providers", name)
        flaw = flaw_of_provider_name(name)
        if flaw:
            yield Mistake(path, flaw, at_key=True)
        image = text_at(provider, "vddkImage")
        if image is not None and image != INHERIT:
            yield from _check_image((*path, "vddkImage"), image, data)
        create = value_at(provider, ("create",))
        if isinstance(create, dict):
            yield from _check_create(name, create)
    yield from _check_same_provider(data, providers)
    yield from _check_same_secret(data, providers)


def _check_image(path: KeyPath, image: str, data: dict[str, Any]) -> Iterator[Mistake]:
    declared = mapping_at(data, "images")
    if image in declared:
        return
    if "/" not in image:
        known = f"declared: {', '.join(declared)}" if declared else "none is declared under images"
        right = [*declared, INHERIT] if path[0] == "providers" else [*declared]
        yield Mistake(path, f"no image named {quoted(image)}; {known}", nearest(image, right))
        return
    from vddkctl.oci.reference import parse

    try:
        reference = parse(image)
    except ImageError as error:
        yield Mistake(path, explained(error))
        return
    if reference.transport == "oci":
        yield Mistake(
            path, "a cluster cannot pull from an OCI layout; expected an image's name, or host/path:tag"
        )
    elif reference.tag is None and reference.digest is None:
        yield Mistake(path, f"{quoted(image)} has neither tag nor digest")


def _check_create(name: str, create: dict[str, Any]) -> Iterator[Mistake]:
    path = ("providers", name, "create")
    if is_rule(name):
        yield Mistake(path, f"{quoted(name)} is a rule, and a rule creates nothing", at_key=True)
    if not create.get("insecureSkipVerify") and create.get("caFile") is None:
        yield Mistake(path, 'create needs "caFile" (or insecureSkipVerify: true)', at_key=True)
    for key in ("username", "password"):
        value = value_at(create, ("credentials", key))
        if not isinstance(value, dict) or not value.keys() <= {"env", "file"}:
            continue
        given = [source for source in ("env", "file") if value.get(source) is not None]
        if len(given) != 1:
            message = (
                f'{key} has both "env" and "file"; keep one' if given else f'{key} needs "env" or "file"'
            )
            yield Mistake((*path, "credentials", key), message, at_key=True)


def _check_same_provider(data: dict[str, Any], providers: dict[str, Any]) -> Iterator[Mistake]:
    """With the namespace declared, ``name`` and ``namespace/name`` can be one provider."""
    namespace = text_at(data, "cluster", "namespace")
    order = {name: index for index, name in enumerate(providers)}
    for name in providers:
        _, slash, last = name.partition("/")
        if slash and name == f"{namespace}/{last}" and last in order and not is_rule(name):
            later = max(name, last, key=order.__getitem__)
            yield Mistake(("providers", later), f"{last} and {name} are the same provider", at_key=True)


def _check_same_secret(data: dict[str, Any], providers: dict[str, Any]) -> Iterator[Mistake]:
    """The Secret of a provider that is created has a name that no pull secret may have there."""
    for name, provider in providers.items():
        if not isinstance(value_at(provider, ("create",)), dict):
            continue
        head, slash, last = name.partition("/")
        namespace = head if slash else text_at(data, "cluster", "namespace")
        secret = f"{last or head}-credentials"
        spaces = value_at(data, ("pullSecrets", secret, "namespaces"))
        if namespace is not None and isinstance(spaces, list | tuple) and namespace in spaces:
            message = f"in {namespace} this is the Secret of the provider {name}, which is created; name it otherwise"
            yield Mistake(("pullSecrets", secret), message, at_key=True)
