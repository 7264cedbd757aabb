"""What ``vddkctl image build`` does once its words are understood: the same plan and apply as a spec's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vddkctl.cli.options import Output
from vddkctl.cli.output import data, note, style
from vddkctl.cli.streams import flush
from vddkctl.errors import UsageError, VddkctlError
from vddkctl.site.diagnostic import SpecError
from vddkctl.site.one_image import IMAGE, SOURCE

if TYPE_CHECKING:
    from vddkctl.apply.result import StepResult
    from vddkctl.oci.image import Image, ImageIndex
    from vddkctl.plan.model import Plan
    from vddkctl.prepare import Preparation
    from vddkctl.progress import Progress
    from vddkctl.site.model import ImageSpec, RegistrySettings
    from vddkctl.site.one_image import OneImage


_PLACE = re.compile(rf"^{re.escape(SOURCE)}:\d+:\d+: image {IMAGE}(: )?")
_OPTIONS = {
    "set policy.publicRegistry: warn (or allow)": "add --public-registry warn (or allow)",
    "set allowPlatformMismatch: true": "add --allow-platform-mismatch",
    "set buildDir": "set --build-dir",
    "with buildDir": "with --build-dir",
    "dockerfile is relative to the spec's folder": "check the path",
    "set another builder": "name another --runtime",
    "use builder: native": "use --runtime native",
}
"""What errors say of keys of a spec, in words of the command line."""


@contextmanager
def in_words_of_options() -> Iterator[None]:
    """Errors of a spec that nobody wrote: without its lines and keys."""
    try:
        yield
    except SpecError as error:
        raise UsageError("; ".join(each.message for each in error.diagnostics)) from None
    except VddkctlError as error:
        error.where = _PLACE.sub("", error.where)
        for key, option in _OPTIONS.items():
            error.hint = error.hint.replace(key, option)
        raise


def pushed(
    said: OneImage, registries: Mapping[str, RegistrySettings], progress: Progress, *, dry_run: bool
) -> int:
    """Plan, show, build, push, and set the controller's image; the exit code."""
    from vddkctl.apply.consent import agreeable
    from vddkctl.apply.execute import Executor
    from vddkctl.apply.identity import now, whoami
    from vddkctl.apply.waiting import waited
    from vddkctl.cli.plan_view import show_plan
    from vddkctl.cli.session import Session
    from vddkctl.places import Places
    from vddkctl.report.result_text import result_text, step_line
    from vddkctl.site.one_image import one_image

    loaded = one_image(said)
    places = Places(Path.cwd(), registries=registries, progress=progress, nowhere=said.cluster is None)
    session = Session(loaded, places, progress)
    plan = session.plan()
    show_plan(plan, Output.TEXT)
    if dry_run:
        note("Nothing was done.")
        return 0
    if plan.changes:
        agreeable(plan, session.cluster, session.places)
        data("\n")

    def told(step: StepResult) -> None:
        data(step_line(step, style()) + "\n")
        flush()

    result = Executor(places, session.cluster, progress, whoami(), now, told).run(plan)
    if not result.interrupted:
        result = waited(result, plan, session.cluster, progress, 300.0)
    if result.steps or result.unsettled:
        data(result_text(result, style()))
    if result.exit_code == 0:
        data(_digest_line(plan, {step.address: step.digest for step in result.steps if step.digest}))
    return result.exit_code


def built_here(
    said: OneImage, registries: Mapping[str, RegistrySettings], progress: Progress, *, dry_run: bool
) -> int:
    """Build it, and put it into the storage of an engine on this machine; the exit code."""
    from vddkctl.build.engines.engine import chosen
    from vddkctl.build.engines.workspace import workspace
    from vddkctl.errors import BuildError
    from vddkctl.oci.image import Image
    from vddkctl.oci.reference import parse
    from vddkctl.places import Places
    from vddkctl.plan.images import image_reference
    from vddkctl.prepare import Preparation
    from vddkctl.prepare.local import load_into
    from vddkctl.site.one_image import one_image

    if len(said.platforms) > 1:
        raise UsageError(
            "an engine's storage takes one platform under a name", hint="add --push, for an index"
        )
    spec = one_image(said).site.images[IMAGE]
    name = parse(image_reference(spec))
    if name.transport == "oci":
        raise UsageError("a layout is pushed to", hint="add --push")
    places = Places(Path.cwd(), registries=registries, progress=progress, nowhere=True)
    engine = chosen("auto" if said.builder == "native" else said.builder, places.environment)
    if engine is None:
        raise BuildError(
            "there is no place for the image: neither podman nor docker is on the path",
            hint="add --push, which needs neither",
        )
    facts = Preparation(places, progress).facts(spec)
    what = f"VDDK {facts.version} for {', '.join(spec.platforms)}"
    if dry_run:
        note(
            f"Nothing was done: {what} would be built ({said.builder}), and put into {engine.name} as {name}."
        )
        return 0
    engine.ready()
    preparation = Preparation(places, progress)
    with _made(said, spec, preparation, progress) as image:
        assert isinstance(image, Image)
        needed = 2 * facts.unpacked_size
        with workspace(places.path(spec.build_dir) if spec.build_dir else None, needed, str(name)) as folder:
            load_into(engine, image, name, folder, progress)
        note(f"{what} is in {engine.name}'s storage as {name}; it is not pushed.")
        data(f"{name.name}:{name.tag}@{image.descriptor.digest}\n")
    return 0


def _digest_line(plan: Plan, digests: Mapping[str, str]) -> str:
    ((address, image),) = plan.images.items()
    return f"{image.reference}@{digests.get(address, image.digest)}\n"


@contextmanager
def _made(
    said: OneImage, spec: ImageSpec, preparation: Preparation, progress: Progress
) -> Iterator[Image | ImageIndex]:
    """The image, built as the words say; natively where ``auto`` finds no engine, and no Dockerfile asks for one."""
    from vddkctl.build.engines.engine import chosen
    from vddkctl.oci.reference import parse
    from vddkctl.prepare.engine_order import Order, carried_out, ordered
    from vddkctl.prepare.preparation import platforms_of
    from vddkctl.prepare.recipe import recipe

    engine = None if said.builder == "native" else chosen(said.builder, preparation.places.environment)
    if engine is None:
        ground = preparation.bases.ground(parse(spec.base), platforms_of(spec))
        yield preparation.prepared(spec, preparation.material(spec), ground).image
        return
    facts = preparation.facts(spec)
    made_of = recipe(spec, facts.sha256, {}, preparation.places, preparation.bases)
    assignment = ordered(Order(IMAGE, spec, made_of, facts), engine.name, preparation.places)
    with carried_out(assignment, preparation, progress) as image:
        yield image
