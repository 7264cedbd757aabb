"""The declared images: what each tag should name, and what it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from vddkctl.errors import ArchiveError, BuildError, VddkctlError
from vddkctl.observe.standing import standing
from vddkctl.observe.tagged import Tagged
from vddkctl.observe.unmade import Difference, difference, proven_material
from vddkctl.oci.reference import parse
from vddkctl.plan.images import LastBase, image_address, image_reference, last_base, made, stand_in
from vddkctl.plan.observed import BuiltImage, ObservedBase, ObservedImage
from vddkctl.plan.record import Record
from vddkctl.prepare import Preparation
from vddkctl.prepare.bases import Ground
from vddkctl.prepare.material import FromArchive, Material
from vddkctl.site.model import NATIVE, ImageSpec
from vddkctl.site.source import LoadedSite


class _Wanted(Struct, frozen=True):
    """What a tag should name."""

    digest: str
    built: BuiltImage | None
    base: ObservedBase


class Images(Struct, frozen=True):
    """Looks at images. ``record`` waits for the record, which is read at the same time."""

    loaded: LoadedSite
    preparation: Preparation
    record: Callable[[], Record | None]
    may_be_absent: Callable[[str], bool]

    def all(self) -> dict[str, ObservedImage]:
        """Every declared image, by its name. Raises the first error, with its place in the spec."""
        declared = self.loaded.site.images
        bases = [parse(spec.base) for spec in declared.values()]
        self.preparation.tags.look(
            [
                *(parse(image_reference(spec)) for spec in declared.values()),
                *(base for base in bases if not base.pinned),
            ]
        )
        # One after the other: two images of one archive must not read it twice, and each read uses all cores.
        return {name: _Look(self, self.preparation, name, spec).image() for name, spec in declared.items()}


class _Look(Struct, frozen=True):
    images: Images
    preparation: Preparation
    name: str
    spec: ImageSpec

    def image(self) -> ObservedImage:
        reference, places = parse(image_reference(self.spec)), self.preparation.places
        with self._placed("repository"):
            found = self.preparation.tags.named(reference)
            tagged = Tagged(places, places.located(reference), found)
        record = self.images.record()
        last = stand_in(record, self.name)
        try:
            if self.spec.builder == NATIVE:
                return self._native(tagged, record)
            return self._engine(tagged, record)
        except VddkctlError as error:
            if last is None or not self.images.may_be_absent(image_address(self.name)):
                raise
            with self._placed("repository"):
                return ObservedImage(last, tagged.pushed(last), error=error)

    def _native(self, tagged: Tagged, record: Record | None) -> ObservedImage:
        now = tagged.found.digest if tagged.found else None
        wanted = self._wanted(tagged, last_base(record, self.name, self.spec, now))
        with self._placed("repository"):
            pushed = tagged.pushed(wanted.digest)
        return ObservedImage(wanted.digest, pushed, wanted.built, base=wanted.base)

    def _engine(self, tagged: Tagged, record: Record | None) -> ObservedImage:
        from vddkctl.observe.engine_images import EngineLook

        look = EngineLook(self.preparation, self.name, self.spec, tagged, record, self._placed)
        standing = look.standing() or look.to_be_restored()
        if standing:
            return standing
        if self.spec.builder == "auto" and self.spec.dockerfile is None:
            native = self._native(tagged, record)
            # With auto, an image that a machine without an engine has made is as good as one of an engine.
            made = tagged.found is not None and tagged.found.digest == native.digest
            if made or look.engine is None:
                return native
        if look.engine is None:
            with self._placed("builder"):
                raise BuildError(
                    "neither podman nor docker is on the path", hint="a Dockerfile needs one of them"
                )
        return look.to_be_built(look.engine)

    def _wanted(self, tagged: Tagged, before: LastBase) -> _Wanted:
        with self._placed("archive"):
            material = self._material(tagged)
        with self._placed("base"):
            ground, base = standing(
                self.spec,
                self.preparation.bases,
                before,
                tagged,
                lambda ground: self._digest(material, ground),
            )
            if isinstance(material, FromArchive):
                built = self.preparation.prepared(self.spec, material, ground).built
                return _Wanted(built.digest, built, base)
            wanted = self._digest(material, ground)
        with self._placed("archive"):
            unlike = difference(tagged, self.spec, wanted, base)
            if unlike:
                raise self._needed(unlike)
        return _Wanted(wanted, None, base)

    def _material(self, tagged: Tagged) -> Material:
        declared = self.spec.archive.sha256
        if declared is None or self.preparation.has_archive(self.spec):
            return self.preparation.material(self.spec)
        known = made(self.images.record(), self.name, self.spec)
        proven = proven_material(tagged, declared, known, self.preparation.progress)
        if isinstance(proven, Difference):
            raise self._needed(proven)
        return proven

    def _needed(self, unlike: Difference) -> VddkctlError:
        try:
            self.preparation.archive(self.spec.archive.path)
        except VddkctlError as error:
            missing = error
        else:
            missing = ArchiveError("it was not there a moment ago", where=self.spec.archive.path)
        return unlike.error(missing, self.spec.archive.sha256 or "")

    def _digest(self, material: Material, ground: Ground) -> str:
        return self.preparation.on(self.spec, material, ground).descriptor.digest

    @contextmanager
    def _placed(self, key: str) -> Iterator[None]:
        """Say of what fails in the block which part of the spec it comes from."""
        try:
            yield
        except VddkctlError as error:
            position = self.images.loaded.source.key("images", self.name, key)
            name = self.images.loaded.source.name
            place = f"{name}:{position.line}:{position.column}: image {self.name}"
            error.where = f"{place}: {error.where}" if error.where else place
            raise
