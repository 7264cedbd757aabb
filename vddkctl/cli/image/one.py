"""What ``vddkctl image build`` does once its words are understood: the same plan and apply as a spec's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vddkctl.cli.options import Output
from vddkctl.cli.output import data, note, style
from vddkctl.cli.spec_words import SpecWords
from vddkctl.cli.streams import flush
from vddkctl.errors import UsageError
from vddkctl.site.one_image import IMAGE, SOURCE

if TYPE_CHECKING:
    from vddkctl.apply.result import Result, StepResult
    from vddkctl.cli.session import Session
    from vddkctl.oci.reference import Reference
    from vddkctl.places import Places
    from vddkctl.plan.model import Plan
    from vddkctl.prepare.local import EngineStorage
    from vddkctl.progress import Progress
    from vddkctl.site.model import RegistrySettings
    from vddkctl.site.one_image import OneImage
    from vddkctl.site.source import LoadedSite


WORDS = SpecWords(
    {
        r"set policy\.publicRegistry: warn": "add --public-registry warn",
        r"policy\.publicRegistry": "--public-registry",
        r"and apply will refuse": "and this is refused",
        r"set allowPlatformMismatch: true": "add --allow-platform-mismatch",
        r"set buildDir": "set --build-dir",
        r"with buildDir": "with --build-dir",
        r'"buildDir"': "--build-dir",
        r'"dockerfile"': "--dockerfile",
        r'"buildArgs"': "--build-arg",
        r'"base"': "--base",
        r"set builder: podman": "name another --runtime: podman",
        r"builder native": "--runtime native",
        r"dockerfile is relative to the spec's folder": "check the path",
        r"set another builder": "name another --runtime",
        r"use builder: native": "use --runtime native",
        r"say which with cluster\.namespace": "say which with --namespace",
        r"cluster\.namespace": "--namespace",
        r"name a folder of manifests: cluster\.manifests": "name a folder of manifests: --manifests FOLDER",
        r"`cluster\.manifests` in the spec names the folder": "--manifests names the folder",
        r"the spec names it as cluster\.context": "--context names it",
        r"policy\.activeMigrations: wait": "--active-migrations wait",
        r"the spec says policy\.activeMigrations": "--active-migrations is given",
        r"without that policy, or with ignore": "without it, or with ignore",
        r"take it with --take \S+, or always with policy\.conflicts: take": "run the same again",
        r"pin the (new one|one that is there now) \(base: (\S+)\),? or set \S+: true": r"pin the \1: --base \2",
        r"set registries\.HOST\.tls: plain-http \(or give --plain-http HOST\)": "give --plain-http HOST",
        r"registries\.HOST\.caFile \(or --ca-file\)": "--ca-file",
        r"is registries\.HOST\.tls right": "are --plain-http and --skip-verify right",
        r"(make a new (plan|one) with|plan again): vddkctl plan": "run the same again",
    },
    place=rf"^{re.escape(SOURCE)}:\d+:\d+: image {IMAGE}(: )?",
)
"""What is said of keys of a spec, in words of this command."""


def pushed(
    said: OneImage, registries: Mapping[str, RegistrySettings], progress: Progress, *, dry_run: bool
) -> int:
    """Plan, show, build, push, and set the controller's image; the exit code."""
    from vddkctl.places import Places

    loaded = _loaded(said)
    places = Places(Path.cwd(), registries=registries, progress=progress, nowhere=said.cluster is None)
    with WORDS.errors():
        session = _session(loaded, places, progress)
        plan = _shown(session.plan())
        if dry_run:
            return _nothing_done()
        result = _carried_out(plan, session)
    if result.exit_code == 0:
        data(_digest_line(plan, {step.address: step.digest for step in result.steps if step.digest}))
    return result.exit_code


def kept_here(
    said: OneImage, registries: Mapping[str, RegistrySettings], progress: Progress, *, dry_run: bool
) -> int:
    """Plan, show, build, and put the image into the storage of an engine on this machine; the exit code."""
    from vddkctl.oci.reference import parse
    from vddkctl.places import Places
    from vddkctl.plan.images import image_reference
    from vddkctl.prepare.local import Local

    if len(said.platforms) > 1:
        raise UsageError(
            "an engine's storage takes one platform under a name", hint="add --push, for an index"
        )
    loaded = _loaded(said)
    name = parse(image_reference(loaded.site.images[IMAGE]))
    if name.transport == "oci":
        raise UsageError("a layout is pushed to", hint="add --push")
    plain = Places(Path.cwd(), registries=registries, progress=progress, nowhere=True)
    with WORDS.errors():
        storage, engine = _storage(said, loaded, name, plain, progress)
        progress = Local(progress, engine)
        places = Places(
            Path.cwd(), registries=registries, progress=progress, nowhere=True, instead={str(name): storage}
        )
        session = _session(loaded, places, progress)
        note(f"For {engine}'s own storage; nothing is pushed.")
        plan = _shown(_beside(session.plan(), storage.before()))
        if dry_run:
            return _nothing_done()
        result = _carried_out(plan, session, digests=False)
        if result.exit_code == 0:
            note(f"It is in {engine}'s storage as {name}, and this is its ID there:")
            data(f"{storage.identity()}\n")
    return result.exit_code


def _loaded(said: OneImage) -> LoadedSite:
    from vddkctl.site.one_image import one_image

    with WORDS.errors(reading=True):
        return one_image(said)


def _session(loaded: LoadedSite, places: Places, progress: Progress) -> Session:
    from vddkctl.cli.session import Session

    return Session(loaded, places, progress)


def _storage(
    said: OneImage, loaded: LoadedSite, name: Reference, places: Places, progress: Progress
) -> tuple[EngineStorage, str]:
    """The place for the image, and the name of the engine that has it. Raises BuildError where there is none."""
    from vddkctl.build.engines.engine import chosen
    from vddkctl.errors import BuildError
    from vddkctl.prepare import Preparation
    from vddkctl.prepare.local import EngineStorage

    engine = chosen("auto" if said.builder == "native" else said.builder, places.environment)
    if engine is None:
        raise BuildError(
            "there is no place for the image: neither podman nor docker is on the path",
            hint="add --push, which needs neither",
        )
    engine.ready()
    spec = loaded.site.images[IMAGE]
    folder = places.path(spec.build_dir) if spec.build_dir else None

    def needed() -> int:
        return 2 * Preparation(places, progress).facts(spec).unpacked_size

    return EngineStorage(engine, name, folder, needed, progress), engine.name


def _beside(plan: Plan, before: str | None) -> Plan:
    """The plan of an image whose name the engine's storage has already."""
    from msgspec.structs import replace

    from vddkctl.plan.model import Action, PlanWarning

    if before is None:
        return plan
    changes = tuple(replace(each, action=Action.REPLACE, reason="built-anew") for each in plan.changes)
    warnings = (
        PlanWarning("name-moves", each.address, f"the name is that of {before} until then, which stays")
        for each in changes
    )
    return replace(plan, changes=changes, warnings=(*plan.warnings, *warnings))


def _shown(plan: Plan) -> Plan:
    from msgspec.structs import replace

    from vddkctl.cli.plan_view import show_plan

    warnings = tuple(replace(each, message=WORDS.of(each.message)) for each in plan.warnings)
    show_plan(replace(plan, warnings=warnings), Output.TEXT)
    return plan


def _nothing_done() -> int:
    note("Nothing was done.")
    return 0


def _carried_out(plan: Plan, session: Session, *, digests: bool = True) -> Result:
    """Do what the plan says, and tell it; ``digests``: those of images are worth telling."""
    from msgspec.structs import replace

    from vddkctl.apply.consent import agreeable
    from vddkctl.apply.execute import Executor
    from vddkctl.apply.identity import now, whoami
    from vddkctl.apply.waiting import TIMEOUT, waited
    from vddkctl.report.result_text import result_text, step_line

    if plan.changes:
        agreeable(plan, session.cluster, session.places)
        data("\n")

    def told(step: StepResult) -> None:
        error = WORDS.of(step.error) if step.error else None
        digest = step.digest if digests else None
        data(step_line(replace(step, error=error, digest=digest), style()) + "\n")
        flush()

    result = Executor(session.places, session.cluster, session.progress, whoami(), now, told).run(plan)
    if not result.interrupted:
        result = waited(result, plan, session.cluster, session.progress, TIMEOUT)
    if result.steps or result.unsettled:
        data(result_text(result, style(), of_a_spec=False))
    return result


def _digest_line(plan: Plan, digests: Mapping[str, str]) -> str:
    ((address, image),) = plan.images.items()
    return f"{image.reference}@{digests.get(address, image.digest)}\n"
