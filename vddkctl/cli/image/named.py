"""What the words of a command line name: images of registries, of layouts, and of the spec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from vddkctl.cli.options import DEFAULT_FILE
from vddkctl.errors import ImageError, UsageError
from vddkctl.places import Places

if TYPE_CHECKING:
    from vddkctl.oci.platform import Platform
    from vddkctl.oci.reference import Reference
    from vddkctl.progress import Progress
    from vddkctl.registry.base import Registry
    from vddkctl.site.model import ImageSpec
    from vddkctl.site.source import LoadedSite

_ADDRESS = "image."


class Named(Struct, frozen=True):
    """Finds what is meant by ``host/path:tag``, ``oci:./folder:tag``, ``vddk-8`` or ``image.vddk-8``.

    ``places`` are the spec's: its folder, its registries and the command line's. ``here`` is where the command
    line's own paths start from. ``loaded`` is None without a spec.
    """

    places: Places
    here: Path
    loaded: LoadedSite | None = None

    def spec(self, text: str) -> ImageSpec | None:
        """The declared image of this name or address; None for a reference. Raises UsageError for no such name."""
        images = self.loaded.site.images if self.loaded else {}
        name = text.removeprefix(_ADDRESS)
        if name in images:
            return images[name]
        if _could_be_a_name(text):
            raise self._unknown(name, list(images))
        return None

    def written(self, text: str, *, whole: bool = True) -> Reference:
        """What ``text`` means, as it is written: a declared image's repository and tag, or the reference itself.

        Raises UsageError: for what does not parse, and for a registry's repository alone, unless ``whole`` is False:
        no tag is ever assumed.
        """
        from vddkctl.oci.reference import parse
        from vddkctl.plan.images import image_reference

        spec = self.spec(text)
        try:
            reference = parse(image_reference(spec) if spec else text)
        except ImageError as error:
            raise UsageError(error.what, hint=error.hint) from None
        if whole and reference.transport == "docker" and not (reference.tag or reference.digest):
            raise UsageError(
                f'"{text}" has neither tag nor digest',
                hint=f"write {text}:TAG or {text}@sha256:…; vddkctl does not assume latest",
            )
        return reference

    def reference(self, text: str, *, whole: bool = True) -> Reference:
        """As :meth:`written`, with a layout's folder found: from the spec's for a name, else from ``here``."""
        reference = self.written(text, whole=whole)
        return (self.places if self.spec(text) else Places(self.here, self.places.environment)).located(
            reference
        )

    def destination(self, text: str) -> Reference:
        """Where to put an image; without a tag it is put there by its digest. Raises UsageError as :meth:`written`."""
        reference = self.reference(text, whole=False)
        if reference.transport == "oci" and reference.tag is None:
            raise UsageError(
                f'"{text}" has no tag, and a layout lists images by their tags', hint=f"write {text}:TAG"
            )
        return reference

    def public(self, text: str) -> Reference:
        """What the image is called where it is used: for a name, by its ``clusterRepository`` if it has one."""
        spec = self.spec(text)
        if spec is None or spec.cluster_repository is None:
            return self.written(text)
        from vddkctl.oci.reference import parse

        return parse(f"{spec.cluster_repository}:{spec.tag}")

    def registry(self, reference: Reference) -> Registry:
        """The place of a reference that :meth:`reference` gave."""
        return self.places.registry(reference)

    def _unknown(self, name: str, declared: list[str]) -> UsageError:
        from vddkctl.site.words import nearest, quoted

        if not declared:
            reason = "declares none" if self.loaded else "is not there: name it with -f FILE"
            return UsageError(
                f"no image named {quoted(name)}: the spec {reason}",
                hint="or write a reference, as in registry.example.com/vddk:8.0.1",
            )
        meant = nearest(name, declared)
        guess = f"; did you mean {quoted(meant)}?" if meant else ""
        return UsageError(f"no image named {quoted(name)}{guess}", hint=f"declared: {', '.join(declared)}")


def open_named(
    file: str | None,
    progress: Progress,
    ca_file: str | None = None,
    skip_verify: Sequence[str] | None = None,
    plain_http: Sequence[str] | None = None,
) -> Named:
    """Read the spec, where there is one, and the command line's settings of registries.

    ``file`` is as typed; None means ./site.yaml if it is there. Raises SpecError with all mistakes of the spec,
    UsageError for what is no host, VddkctlError when a file cannot be read.
    """
    from vddkctl.cli.image.access import CommandSettings

    here = Path.cwd()
    folder, loaded = here, None
    if file is None and Path(DEFAULT_FILE).is_file():
        file = DEFAULT_FILE
    if file is not None:
        from vddkctl.cli.session import read_spec
        from vddkctl.site.load import load

        text, name, folder = read_spec(file)
        loaded = load(text, name)
    said = loaded.site.registries if loaded else {}
    settings = CommandSettings(said, ca_file, skip_verify or (), plain_http or ())
    return Named(Places(folder, registries=settings, progress=progress), here, loaded)


def platform_option(text: str | None) -> Platform | None:
    """What ``--platform`` says. Raises UsageError."""
    from vddkctl.oci.platform import parse_platform

    try:
        return parse_platform(text) if text is not None else None
    except ImageError as error:
        raise UsageError(f"--platform: {error.what}", hint=error.hint) from None


def _could_be_a_name(text: str) -> bool:
    """Whether it is no reference in any case: a reference has a path or a transport before it."""
    return not {"/", ":", "@"} & {*text}
