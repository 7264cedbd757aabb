"""Building an image with a container engine: from a recipe to an image that is ready to be pushed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from vddkctl.build.engines.engine import NAMES, Build, Engine, engine
from vddkctl.build.engines.mark import instruction, marked, unmarked
from vddkctl.build.engines.saved import Saved, read_saved
from vddkctl.build.engines.tree import unpack
from vddkctl.build.engines.workspace import swept, workspace
from vddkctl.build.native import rfc3339
from vddkctl.errors import BuildError
from vddkctl.oci.annotations import (
    ARCHIVE_SHA256,
    BASE_DIGEST,
    BASE_NAME,
    CREATED,
    LAYER_VERBATIM,
    TITLE,
    VERSION,
)
from vddkctl.oci.assemble import index, packaged
from vddkctl.oci.descriptor import Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import BaseImage, Image, ImageIndex
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference
from vddkctl.places import Places
from vddkctl.prepare.bases import Bases, Ground
from vddkctl.prepare.engine_order import Order
from vddkctl.prepare.preparation import Preparation, platforms_of
from vddkctl.prepare.recipe import base_reference, labels_of
from vddkctl.progress import Progress, say
from vddkctl.registry.export.docker_archive import write_docker_archive
from vddkctl.registry.whole import Whole, read_whole
from vddkctl.vddk.archive import ROOT

_LIBRARY = f"/{ROOT}/lib64/libvixDiskLib.so"


@contextmanager
def built(
    order: Order, builder: Engine, preparation: Preparation, progress: Progress
) -> Iterator[Image | ImageIndex]:
    """The image, which can be pushed as long as the block lasts. Nothing is left of its making.

    Raises BuildError, ArchiveError and RegistryError.
    """
    _clear_up(swept(_folder(order, preparation.places)), preparation.places)
    with workspace(_folder(order, preparation.places), order.needed, order.name) as folder:
        context = folder / "context"
        (context / "opt").mkdir(parents=True)
        unpack(preparation.places.path(order.spec.archive.path), order.facts, context, progress)
        scratch = folder / "tmp"
        scratch.mkdir()
        work = _Work(
            order, builder.working_in(scratch), preparation.bases, preparation.places, folder, progress
        )
        images = [work.image(platform) for platform in sorted(set(platforms_of(order.spec)))]
        yield images[0] if len(images) == 1 else index(images, work.annotations(None))


class _Work(Struct, frozen=True):
    order: Order
    engine: Engine
    bases: Bases
    places: Places
    folder: Path
    progress: Progress

    def image(self, platform: Platform) -> Image:
        """Build it for one platform, and take it from the engine."""
        order = self.order
        own = f"localhost/{self.folder.name}-{platform.architecture}{platform.variant or ''}:build"
        names = {
            reference: f"localhost/{self.folder.name}-base{number}:{platform.architecture}"
            for number, reference in enumerate(order.recipe.dockerfile.references)
        }
        saved = self.folder / f"{platform.architecture}.tar"
        layers = self.folder / f"{platform.architecture}-layers"
        layers.mkdir()
        bases = {reference: self._base(reference, platform) for reference in names}
        try:
            for reference, name in names.items():
                self._load(reference, name, bases[reference])
            dockerfile = self.folder / f"Dockerfile.{platform.architecture}"
            mark = instruction(self.folder.name)
            dockerfile.write_text(order.recipe.dockerfile.standing_on(names, mark))
            build = Build(
                what=f"build {order.name}",
                name=own,
                context=self.folder / "context",
                dockerfile=dockerfile,
                platform=platform,
                labels=labels_of(order.recipe),
                arguments=order.spec.build_args,
            )
            label = f"build {order.name} with {self.engine.name}"
            with self.progress.task(label, None, "lines") as task:

                def heard(line: str) -> None:
                    say(self.progress, line)
                    task.advance(1)

                self.engine.build(build, heard)
            self.engine.save(own, saved, f"build {order.name}")
        finally:
            self.engine.remove_of([self.folder.name])
        final = order.recipe.dockerfile.final
        base = bases[final] if final else None
        found = read_saved(saved, base, layers, self.progress)
        saved.unlink()
        _check(order, found, platform, based=base is not None)
        return packaged(unmarked(found.config), found.layers, self.annotations(base), platform)

    def annotations(self, base: BaseImage | None) -> dict[str, str]:
        """What the image says of itself, as those of the native builder do; of an index, without its one base."""
        order, final = self.order, self.order.recipe.dockerfile.final
        said = {
            TITLE: "VMware Virtual Disk Development Kit",
            VERSION: order.facts.version,
            CREATED: rfc3339(order.facts.released),
            ARCHIVE_SHA256: order.facts.sha256,
            LAYER_VERBATIM: "false",
            **labels_of(order.recipe),
        }
        if final:
            digest = base.digest if base else order.recipe.bases[final]
            name = {} if final.startswith("oci:") else {BASE_NAME: final.partition("@sha256:")[0]}
            said |= {BASE_DIGEST: digest or "", **name}
        return said

    def _base(self, reference: str, platform: Platform) -> BaseImage:
        return self._ground(reference).images[platform]

    def _ground(self, reference: str) -> Ground:
        spec, digest = self.order.spec, self.order.recipe.bases[reference]
        return self.bases.ground(base_reference(reference, spec).with_digest(digest), platforms_of(spec))

    def _load(self, reference: str, name: str, base: BaseImage) -> None:
        """Give the engine a base, so that it need not know any registry."""
        located = self.places.located(base_reference(reference, self.order.spec)).with_digest(
            base.digest or ""
        )
        registry = self.places.registry(located)
        descriptor = registry.resolve(located)
        if descriptor is None:
            raise BuildError(f"the base {base.digest} is gone", where=reference)
        repository, _, tag = name.partition(":")
        file = self.folder / "base.tar"
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            whole = _marked(read_whole(registry, located, descriptor), self.folder.name)
            write_docker_archive(whole, Reference("docker", repository, tag), handle, self.progress)
        finally:
            os.close(handle)
        self.engine.load(file, f"build {self.order.name}: load the base")
        file.unlink()


def _marked(whole: Whole, build: str) -> Whole:
    """The base as it is, but for a config that has the mark of a build."""
    config, *layers = whole.blobs
    with config.source.open() as stream:
        content = marked(stream.read(config.descriptor.size), build)
    descriptor = Descriptor(config.descriptor.media_type, digest_of(content), len(content))
    return Whole(whole.descriptor, whole.content, (Blob(descriptor, Content(content)), *layers), ())


def _clear_up(builds: Sequence[str], places: Places) -> None:
    """Remove what killed builds have left, by whichever engine they were made."""
    for name in NAMES if builds else ():
        found = engine(name, places.environment)
        if found:
            found.remove_of(builds)


def _folder(order: Order, places: Places) -> Path | None:
    return places.path(order.spec.build_dir) if order.spec.build_dir else None


def _check(order: Order, found: Saved, platform: Platform, *, based: bool) -> None:
    """What Forklift needs of the image, and engines do not care about. Raises BuildError."""
    what, where = f"build {order.name}", order.spec.dockerfile or "the usual Dockerfile"
    if based and not platform.runs(found.config.platform):
        raise BuildError(f"{where} gave an image for {found.config.platform}, not for {platform}", where=what)
    if _LIBRARY not in found.own:
        raise BuildError(
            f"{where} leaves VDDK out of the image, or puts it elsewhere than /{ROOT}",
            where=what,
            hint=f"it needs the lines: COPY {ROOT} /{ROOT} and COPY opt /opt",
        )
    if not found.config.runtime.get("Entrypoint"):
        raise BuildError(
            f"{where} sets no entrypoint, and Forklift runs the image for its entrypoint alone",
            where=what,
            hint=f'it needs the line: ENTRYPOINT ["cp", "-r", "/{ROOT}", "/opt"]',
        )
