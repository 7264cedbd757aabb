"""The verification itself: every check that can be made, in the order in which they build on each other."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from vddkctl.errors import ArchiveError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import Registry
from vddkctl.verify.archive import ArchiveAtHand, Evidence, archive_checks
from vddkctl.verify.check import Check, Verification, failed, passed, warned
from vddkctl.verify.documents import DocumentReader, Pulled
from vddkctl.verify.expected import Expected
from vddkctl.verify.extra import extra_checks
from vddkctl.verify.layer import Attention, Layer, Unread
from vddkctl.verify.libraries import libraries, machine_check
from vddkctl.verify.needs import needs_check
from vddkctl.verify.overlay import Overlay
from vddkctl.verify.platforms import ground_of, platform_checks
from vddkctl.verify.reading import LayerReader
from vddkctl.verify.running import command_of, running_checks
from vddkctl.verify.secret_files import Secret
from vddkctl.verify.secret_settings import secret_settings
from vddkctl.verify.trial import Trial
from vddkctl.visible import some

_MOST_SECRETS = 10
"""Files that are told of one layer."""

_LOOK_AT_IT = "look whether it is a sample; if it is a secret, replace it, and build the image without it"
_PUSH_AGAIN = "build the image again, and push it"


def verify(
    registry: Registry,
    reference: Reference,
    descriptor: Descriptor,
    expected: Expected,
    progress: Progress,
    platform: Platform | None = None,
    trial: Trial | None = None,
) -> Verification:
    """Verify what ``descriptor``, of the repository of ``reference``, leads to; with ``platform`` that image alone.

    With ``trial`` each image that could be read whole is also run.
    What is wrong with the image is in the checks. Raises ArchiveError when the expected archive cannot be read.
    """
    documents = DocumentReader(registry, reference)
    images = documents.images(descriptor, platform)
    reader = LayerReader(registry, reference, _attention(images, expected, trial), progress)
    at_hand = ArchiveAtHand(expected.archive, progress) if expected.archive else None
    started = partial(trial.checks, registry, reference) if trial else None
    run = _Run(reader, expected, at_hand, started)
    checks = [*documents.checks]
    checks += run.layers(images)
    wanted = (platform,) if platform else expected.platforms
    checks += platform_checks(images, wanted, documents.passed_over)
    for image in images:
        checks += run.image(image)
    checks += run.secrets(images)
    platforms = tuple(image.name for image in images)
    return Verification(descriptor.digest, platforms, tuple(sorted(run.versions)), tuple(checks))


def _attention(images: Sequence[Pulled], expected: Expected, trial: Trial | None) -> Attention:
    """Files are hashed only where something else has them: the archive at hand, if it is no layer, or a trial."""
    digest = f"sha256:{expected.sha256}"
    plain = all([layer.digest for layer in image.manifest.layers][-1:] == [digest] for image in images)
    commands = [command_of(image.config) for image in images if image.config]
    programs = {posixpath.basename(command[0]) for command in commands if command}
    hashed = trial is not None or (expected.archive is not None and not plain)
    return Attention(hashed, frozenset({"cp", *programs}))


class _Run:
    def __init__(
        self,
        reader: LayerReader,
        expected: Expected,
        at_hand: ArchiveAtHand | None,
        started: Callable[[Pulled, Overlay], list[Check]] | None,
    ) -> None:
        self._reader = reader
        self._expected = expected
        self._at_hand = at_hand
        self._started = started
        self.versions: set[str] = set()
        self._base: set[str] = set()
        """Digests of layers that are the declared base's own."""

    def layers(self, images: Sequence[Pulled]) -> Iterator[Check]:
        """Every layer once, and once more where another image knows it by another size or diff ID."""
        told: set[tuple[str, int, str]] = set()
        for image in images:
            diff_ids = image.config.diff_ids if image.config else ()
            for number, descriptor in enumerate(image.manifest.layers):
                diff_id = diff_ids[number] if number < len(diff_ids) else ""
                known = (descriptor.digest, descriptor.size, diff_id)
                if known not in told:
                    told.add(known)
                    yield from _layer(self._reader.read(descriptor), descriptor, diff_id)

    def image(self, image: Pulled) -> Iterator[Check]:
        """All that is to be said of one platform's image."""
        read = [self._reader.read(descriptor) for descriptor in image.manifest.layers]
        layers = tuple(layer for layer in read if isinstance(layer, Layer))
        ground = ground_of(image, self._expected.base)
        yield from ground.checks
        self._base.update(layer.digest for layer in image.manifest.layers[: ground.layers or 0])
        overlay = None
        if layers:
            try:
                overlay = Overlay(layers)
                yield from self._vendors(image, layers, overlay)
                whole = len(layers) == len(read)
                known = ground.layers if whole else None
                yield from extra_checks(layers, known, overlay, image.config, image.name)
            except ArchiveError as error:
                if self._expected.archive and error.where.startswith(str(self._expected.archive.path)):
                    raise
                yield failed("links", image.name, error.what, _PUSH_AGAIN)
        else:
            what = "whether the archive is in it cannot be told: no layer could be read"
            yield failed("archive", image.name, what, _PUSH_AGAIN)
        if image.config:
            yield from running_checks(image.config, overlay, image.name)
        if self._started:
            yield from self._run(image, overlay if len(layers) == len(read) else None)

    def _run(self, image: Pulled, overlay: Overlay | None) -> list[Check]:
        """What comes of starting it; an image that no runtime would unpack as it was read is not started."""
        if self._started is None or overlay is None:
            what = "not run: not all of its layers are what they should be"
            return [failed("run", image.name, what, _PUSH_AGAIN)]
        return self._started(image, overlay)

    def secrets(self, images: Sequence[Pulled]) -> Iterator[Check]:
        """What looks like a secret, in any layer (also where a later one hides it) and in any config."""
        digests = {layer.digest: layer for image in images for layer in image.manifest.layers}
        read = [self._reader.read(layer) for layer in digests.values()]
        layers = [layer for layer in read if isinstance(layer, Layer)]
        hint = (
            "build the image without it, push it, and replace the secret: whoever can pull the image has it"
        )
        found = any(layer.secrets for layer in layers)
        for layer in layers:
            own = layer.descriptor.digest in self._base
            sure = [secret for secret in layer.secrets if secret.sure and not own]
            yield from _told(failed, layer, sure, "", hint)
            perhaps = [secret for secret in layer.secrets if not secret.sure or own]
            yield from _told(warned, layer, perhaps, ", as the base has it" if own else "", _LOOK_AT_IT)
        if layers and not found:
            count = "the layer" if len(read) == 1 else f"any of {len(layers)} layers"
            rest = f", but {len(read) - len(layers)} could not be read" if len(layers) < len(read) else ""
            yield passed("secrets", "", f"no file in {count} looks like a secret{rest}")
        for image in images:
            if image.config:
                yield from _settings(image, hint)

    def _vendors(self, image: Pulled, layers: tuple[Layer, ...], overlay: Overlay) -> Iterator[Check]:
        placed = tuple(overlay.below())
        whole = len(layers) == len(image.manifest.layers)
        yield from archive_checks(Evidence(image, layers, whole, placed, self._expected, self._at_hand))
        if not placed:
            return
        told = libraries([each.item.found for each in placed], overlay, image.name)
        yield from told.checks
        claim, version = image.claims
        if told.version:
            self.versions.add(told.version)
            if claim and version and version != told.version:
                what = f"it says that it holds VDDK {version}, and holds {told.version}"
                yield failed("libraries", image.name, what, _PUSH_AGAIN)
        if image.platform:
            other = machine_check(
                image.platform, told.machine, image.name, allowed=self._expected.any_machine
            )
            if other:
                yield other
        needs = needs_check(placed, overlay, image.name)
        if needs:
            yield needs


def _layer(layer: Layer | Unread, descriptor: Descriptor, diff_id: str) -> Iterator[Check]:
    subject = descriptor.digest
    if isinstance(layer, Unread):
        yield failed("layer", subject, layer.what, layer.hint)
        return
    if diff_id and layer.diff_id != diff_id:
        what = f"it unpacks to {layer.diff_id}, and the config says {diff_id}: runtimes refuse it"
        yield failed("layer", subject, what, _PUSH_AGAIN)
    elif descriptor.size != layer.descriptor.size:
        what = f"it is {layer.descriptor.size} bytes long, and another manifest says {descriptor.size}"
        yield failed("layer", subject, what, _PUSH_AGAIN)
    else:
        known = ", and unpacked of its diff ID" if diff_id else ""
        yield passed("layer", subject, f"{descriptor.size} bytes, of its digest{known}")
    for fault in layer.faults:
        yield failed("layer", subject, fault, _PUSH_AGAIN)
    for remark in layer.remarks:
        yield warned("layer", subject, remark, "look at the tool that made this layer")


def _told(
    check: Callable[[str, str, str, str], Check],
    layer: Layer,
    secrets: Sequence[Secret],
    and_so: str,
    hint: str,
) -> Iterator[Check]:
    """The first of them one by one, and how many more there are."""
    for secret in secrets[:_MOST_SECRETS]:
        yield check("secrets", layer.descriptor.digest, f"{secret.path} {secret.what}{and_so}", hint)
    if (more := len(secrets) - _MOST_SECRETS) > 0:
        yield check("secrets", layer.descriptor.digest, f"and {more} more such files", hint)


def _settings(image: Pulled, hint: str) -> Iterator[Check]:
    found = secret_settings(image.config) if image.config else []
    if found:
        yield failed(
            "environment", image.name, f"the config shows what looks like a secret: {some(found)}", hint
        )
    else:
        yield passed("environment", image.name, "no variable and no line of the history shows a secret")
