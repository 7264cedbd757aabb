"""The images of a spec: their archives, their registries, their bases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vddkctl.doctor.check import Check, Status, tried
from vddkctl.errors import DeniedError, RegistryError, VddkctlError
from vddkctl.exposure import exposure
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.prepare import Preparation
from vddkctl.prepare.preparation import platforms_of
from vddkctl.prepare.recipe import base_reference, read_dockerfile
from vddkctl.site.model import NATIVE, ImageSpec
from vddkctl.vddk.archive import ArchiveFacts

ARCHIVE = "archive"
REGISTRY = "registry"
BASE = "base"


def archive(name: str, spec: ImageSpec, preparation: Preparation) -> Iterator[Check]:
    """An image's archive: there, whole, as declared. One that is not on this machine may do, if it is declared."""
    if spec.archive.sha256 and not preparation.has_archive(spec):
        text = f"{spec.archive.path} is not on this machine"
        yield Check(
            ARCHIVE, name, Status.WARN, text, "to plan, its declared sha256 does; to build, bring it here"
        )
        return
    yield from tried(
        ARCHIVE, name, lambda: facts_check(name, preparation.facts(spec), declared=spec.archive.sha256)
    )


def facts_check(name: str, facts: ArchiveFacts, declared: str | None) -> Check:
    """What an archive is."""
    text = f"VDDK {facts.version}, {facts.machine}, {facts.size / 1e6:.1f} MB"
    if facts.published:
        return Check(ARCHIVE, name, Status.PASS, f"{text}, matches the vendor's published checksum")
    if declared:
        return Check(ARCHIVE, name, Status.PASS, f"{text}, as declared")
    hint = f"declare it, so that no other file is taken: sha256: {facts.sha256}"
    return Check(ARCHIVE, name, Status.WARN, f"{text}, of no published checksum", hint)


def registry(reference: Reference, places: Places, policy: str) -> Iterator[Check]:
    """A repository: whether it is reached, lets us read and push, and who else can pull from it."""
    name = reference.name
    if reference.transport == "oci":
        yield from tried(REGISTRY, name, lambda: _layout(places.located(reference)))
        return
    found = places.registry(reference)

    def reached() -> Check:
        login = " with a login" if places.login(reference.host) else " without a login"
        tag = found.resolve(reference) if reference.tag else None
        says = f"; {reference.tag} is there" if tag else f"; no {reference.tag} yet" if reference.tag else ""
        return Check(REGISTRY, name, Status.PASS, f"{reference.host} answers{login}{says}")

    checks = list(tried(REGISTRY, name, reached))
    yield from checks
    if checks[0].status is not Status.PASS:
        return
    yield from tried(REGISTRY, f"{name}, push", lambda: _push(reference, places))
    yield from tried(REGISTRY, f"{name}, public", lambda: _public(reference, places, policy))


def bases(name: str, spec: ImageSpec, places: Places, preparation: Preparation) -> Iterator[Check]:
    """What an image stands on: the spec's base, or those of its Dockerfile."""
    try:
        named = [spec.base] if spec.builder == NATIVE else read_dockerfile(spec, places).references
    except VddkctlError as error:
        yield Check(BASE, name, Status.FAIL, f"{error.where}: {error.what}", error.hint)
        return
    for each in named:

        def look(text: str = each) -> Check:
            reference = base_reference(text, spec)
            ground = preparation.bases.ground(reference, platforms_of(spec))
            if reference.pinned:
                return Check(BASE, text, Status.PASS, "is there, and pinned")
            hint = f"pin it: {text}@{ground.digest}"
            return Check(BASE, text, Status.WARN, "is there; by tag it may change", hint)

        yield from tried(BASE, each, look)


def secrets(references: Mapping[str, str], places: Places) -> Iterator[Check]:
    """Where values of Secrets come from: variables that are set, files that can be read. No value is looked at."""
    for what, said in sorted(references.items()):
        kind, _, name = said.partition(":")
        if kind == "env":
            there = bool(places.environment.get(name))
            detail, hint = f"${name} is {'set' if there else 'not set'}", f"export {name}=…"
        else:
            detail, hint = f"{name} can be read", "look at the path and its rights"
            try:
                with places.path(name).open("rb") as file:
                    there = bool(file.read(1))
                detail = detail if there else f"{name} is empty"
            except (OSError, VddkctlError) as error:
                there, detail = False, f"{name}: {getattr(error, 'strerror', None) or error}"
        yield Check("secrets", what, Status.PASS if there else Status.FAIL, detail, "" if there else hint)


def _layout(reference: Reference) -> str:
    from pathlib import Path

    folder = Path(reference.repository)
    return f"{folder} is {'there' if folder.exists() else 'made by the first push'}"


def _push(reference: Reference, places: Places) -> Check | str:
    from vddkctl.registry.http.registry import HttpRegistry

    found = places.registry(reference)
    assert isinstance(found, HttpRegistry)
    try:
        found.try_push(reference)
    except DeniedError as error:
        hint = error.hint or f"log in as somebody who may: podman login {reference.host}"
        return Check(REGISTRY, f"{reference.name}, push", Status.FAIL, error.what, hint)
    return "an upload could be begun; it was cancelled"


def _public(reference: Reference, places: Places, policy: str) -> Check | str:
    try:
        public = exposure(places, reference)
    except RegistryError as error:
        return Check(
            REGISTRY, f"{reference.name}, public", Status.WARN, f"it cannot be told: {error.what}", error.hint
        )
    if public is None:
        return "nobody can pull without a login"
    status = {"deny": Status.FAIL, "warn": Status.WARN}.get(policy, Status.PASS)
    advice = public.advice if policy == "deny" else ""
    return Check(REGISTRY, f"{reference.name}, public", status, public.message, advice)


def image_reference(spec: ImageSpec) -> Reference:
    """Where an image is pushed to."""
    return parse(f"{spec.repository}:{spec.tag}")
