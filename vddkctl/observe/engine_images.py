"""A declared image that an engine builds: known by what it is built of, since its digest is not known before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property

from msgspec import Struct

from vddkctl.build.engines.engine import Engine, chosen
from vddkctl.observe.tagged import Tagged
from vddkctl.oci.digest import is_digest
from vddkctl.oci.reference import parse
from vddkctl.plan.images import (
    REFERENCE,
    image_address,
    image_reference,
    last_base,
    last_built,
    stand_in,
)
from vddkctl.plan.observed import BuiltImage, EngineBuild, ObservedImage
from vddkctl.plan.record import Record
from vddkctl.plan.unknown import unknown_digest
from vddkctl.prepare import Preparation
from vddkctl.prepare.recipe import Recipe, recipe, renewed
from vddkctl.site.model import ImageSpec


class EngineLook(Struct, frozen=True, eq=False, dict=True):
    """Looks at one image. ``placed`` says of what fails in its block which key of the image it comes from."""

    preparation: Preparation
    name: str
    spec: ImageSpec
    tagged: Tagged
    record: Record | None
    placed: Callable[[str], AbstractContextManager[None]]

    @cached_property
    def engine(self) -> Engine | None:
        """The engine that builds it; None where ``auto`` finds none."""
        with self.placed("builder"):
            return chosen(self.spec.builder, self.preparation.places.environment)

    def standing(self) -> ObservedImage | None:
        """The image, where the tag names one that was built of the very inputs that the spec has now."""
        found, made_of = self.tagged.found, self._recipe
        if found is None or self._said_inputs != made_of.inputs:
            return None
        with self.placed("repository"):
            pushed = self.tagged.pushed(found.digest)
        if self._last not in {None, found.digest} or pushed is None or pushed.incomplete:
            return None
        return ObservedImage(found.digest, pushed, base=made_of.base, inputs=made_of.inputs)

    def to_be_restored(self) -> ObservedImage | None:
        """The image as it was last built of these inputs, where it is still there, and only its tag is not."""
        with self.placed("repository"):
            last = self._last
            if last is None or not self.preparation.bases.has(parse(image_reference(self.spec)), last):
                return None
        return self._wanted(last, self._recipe, "")

    def to_be_built(self, engine: Engine) -> ObservedImage:
        """The image as an engine is to build it."""
        with self.placed("base"):
            made_of = renewed(self._recipe, self.spec, self.preparation.bases)
        return self._wanted(unknown_digest(image_address(self.name)), made_of, engine.name)

    def _wanted(self, digest: str, made_of: Recipe, engine: str) -> ObservedImage:
        with self.placed("archive"):
            facts = self.preparation.facts(self.spec)
        with self.placed("repository"):
            pushed = self.tagged.pushed(digest)
        base = made_of.base
        built = BuiltImage(
            digest=digest,
            size=0,
            base_digest=base.digest if base else "",
            layer=None,
            archive=facts,
            archive_path=self.spec.archive.path,
            engine=EngineBuild(engine, made_of.inputs, made_of.bases, restores=not engine),
        )
        return ObservedImage(digest, pushed, built, base=base, inputs=made_of.inputs)

    @cached_property
    def _recipe(self) -> Recipe:
        with self.placed("archive"):
            sha256 = self._archive_sha256()
        with self.placed("repository"):
            kept = self._kept()
        with self.placed("dockerfile" if self.spec.dockerfile else "base"):
            return recipe(self.spec, sha256, kept, self.preparation.places, self.preparation.bases)

    def _kept(self) -> Mapping[str, str]:
        """The bases that the image has been built on, whatever its tag names by now.

        A run that did not end may have built it anew: then the tag comes first.
        """
        there, applied = self.tagged.origin.bases, self._applied.origin.bases
        unended = self.record is not None and image_address(self.name) in self.record.intended
        first, second = (there, applied) if unended else (applied, there)
        if first or second:
            return first or second
        last = None if self.spec.dockerfile else last_base(self.record, self.name, self.spec, None).digest
        return {self.spec.base: last} if last else {}

    @cached_property
    def _applied(self) -> Tagged:
        """The image that was last applied, wherever its tag has gone."""
        digest = stand_in(self.record, self.name)
        if digest is None or (self.tagged.found and self.tagged.found.digest == digest):
            return self.tagged
        known = self.record.applied[image_address(self.name)] if self.record else {}
        reference, places = parse(image_reference(self.spec)), self.preparation.places
        if not is_digest(digest) or not str(known.get(REFERENCE)).startswith(f"{self.spec.repository}:"):
            return Tagged(places, self.tagged.reference, None)
        located = places.located(reference).with_digest(digest)
        return Tagged(places, located, places.registry(located).resolve(located))

    @property
    def _said_inputs(self) -> str | None:
        with self.placed("repository"):
            return self.tagged.origin.inputs

    @cached_property
    def _last(self) -> str | None:
        """The image that the tag was last given, if it was built of what the spec has now.

        The image itself has to say so: a record that was written by hand, or by a rollback, may be of two minds.
        """
        inputs = self._recipe.inputs
        last = last_built(self.record, self.name, self.spec, inputs)
        with self.placed("repository"):
            return last if last and self._applied.origin.inputs == inputs else None

    def _archive_sha256(self) -> str:
        """Of the archive; its declared checksum does where the file is not on this machine."""
        declared = self.spec.archive.sha256
        if declared is not None and not self.preparation.has_archive(self.spec):
            return declared
        return self.preparation.facts(self.spec).sha256
