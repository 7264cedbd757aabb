"""The documents of an image: manifests and configs, or why there are none. What can still be read is."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.annotations import ARCHIVE_SHA256, BASE_DIGEST, VERSION
from vddkctl.oci.config import Config
from vddkctl.oci.descriptor import INDEXES, MANIFESTS, Descriptor
from vddkctl.oci.digest import is_digest
from vddkctl.oci.document import MAX_DEPTH, text_mapping
from vddkctl.oci.manifest import Index, Manifest, parse
from vddkctl.oci.platform import Platform, platform_of
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import Registry
from vddkctl.registry.inspected import is_attestation
from vddkctl.registry.read import read_config
from vddkctl.verify.check import Check, Status, failed, passed, warned

MAX_IMAGES = 64
"""More platforms than there are; a hostile index could list thousands."""

_PUSH_AGAIN = "push the image again; if that does not help, look at the registry's storage"


class Pulled(Struct, frozen=True):
    """One platform's image. ``listed`` is the platform that an index names for it; ``config`` None is unreadable."""

    descriptor: Descriptor
    listed: Platform | None
    manifest: Manifest
    config: Config | None

    @property
    def platform(self) -> Platform | None:
        """What it is for, as far as it says."""
        return self.config.platform if self.config else self.listed

    @property
    def name(self) -> str:
        """What it is called where there are several."""
        return str(self.listed or self.platform or self.descriptor.short)

    @property
    def claims(self) -> tuple[str | None, str | None]:
        """The SHA-256 of the archive and the version that it says it holds; any tool can write that."""
        return self._said.get(ARCHIVE_SHA256), self._said.get(VERSION)

    @property
    def claimed_base(self) -> str | None:
        """The digest of the base that it says it stands on."""
        digest = self._said.get(BASE_DIGEST)
        return digest if is_digest(digest) else None

    @property
    def _said(self) -> dict[str, str]:
        """Annotations; where another tool has dropped them, the labels of the same names."""
        return {**_labels(self.config), **self.manifest.annotations}


class DocumentReader:
    """Reads what a reference leads to. ``checks`` grows with every document."""

    def __init__(self, registry: Registry, reference: Reference) -> None:
        self._registry = registry
        self._reference = reference
        self._documents: dict[str, Manifest | Index | None] = {}
        self._configs: dict[str, Config | None] = {}
        self.checks: list[Check] = []
        self.passed_over: list[Platform] = []
        """Platforms that are listed, and were not asked for."""

    def images(self, descriptor: Descriptor, wanted: Platform | None) -> list[Pulled]:
        """Every image behind a manifest or index; only those that ``wanted`` can run, where it is given."""
        found: dict[tuple[str, str], Pulled] = {}
        for image in self._images(descriptor, wanted, MAX_DEPTH):
            found.setdefault((image.descriptor.digest, image.name), image)
            if len(found) > MAX_IMAGES:
                what = f"it lists more than {MAX_IMAGES} images; the others are not verified"
                self.checks.append(failed("index", descriptor.digest, what, "name one with --platform"))
                break
        if (
            not found
            and not self.passed_over
            and all(check.status is not Status.FAIL for check in self.checks)
        ):
            what = "there is no image in it"
            self.checks.append(
                failed("index", descriptor.digest, what, "push the images again, and the index")
            )
        return list(found.values())[:MAX_IMAGES]

    def _images(self, descriptor: Descriptor, wanted: Platform | None, depth: int) -> Iterator[Pulled]:
        listed = platform_of(descriptor.platform or {})
        if wanted and listed and not wanted.runs(listed):
            self.passed_over.append(listed)
            return
        if descriptor.digest not in self._documents:
            self._documents[descriptor.digest] = self._document(descriptor, depth)
        document = self._documents[descriptor.digest]
        if isinstance(document, Index):
            for entry in document.manifests if depth > 1 else ():
                if not is_attestation(entry):
                    yield from self._images(entry, wanted, depth - 1)
        elif document:
            digest = document.config.digest
            if digest not in self._configs:
                self._configs[digest] = self._config(document)
            yield Pulled(descriptor, listed, document, self._configs[digest])

    def _document(self, descriptor: Descriptor, depth: int) -> Manifest | Index | None:
        kind, subject = "index" if descriptor.media_type in INDEXES else "manifest", descriptor.digest
        try:
            content = self._content(descriptor)
            document = parse(content)
            if document.media_type != descriptor.media_type:
                raise ImageError(f"it is named as {descriptor.media_type}, and is {document.media_type}")
            if depth == 1 and isinstance(document, Index):
                raise ImageError("it is an index of indexes without an end")
        except (RegistryError, ImageError) as error:
            if isinstance(error, ImageError) and depth < MAX_DEPTH and descriptor.platform is None:
                hint = "nothing, if it was put there on purpose: it is for no platform"
                self.checks.append(
                    warned(kind, subject, f"it is listed, and is no image: {error.what}", hint)
                )
            else:
                self.checks.append(failed(kind, subject, error.what, error.hint or _PUSH_AGAIN))
            return None
        self.checks.append(passed(kind, subject, f"{len(content)} bytes, of its digest"))
        return document

    def _content(self, descriptor: Descriptor) -> bytes:
        if descriptor.media_type not in MANIFESTS | INDEXES:
            raise ImageError(f'it is listed as "{descriptor.media_type}"')
        content = self._registry.manifest(self._reference, descriptor.digest)
        if len(content) != descriptor.size:
            raise RegistryError(f"it is {len(content)} bytes long, and listed with {descriptor.size}")
        return content

    def _config(self, manifest: Manifest) -> Config | None:
        subject = manifest.config.digest
        try:
            config = read_config(self._registry, self._reference, manifest)
        except (RegistryError, ImageError) as error:
            self.checks.append(failed("config", subject, error.what, error.hint or _PUSH_AGAIN))
            return None
        layers, diff_ids = len(manifest.layers), len(config.diff_ids)
        if layers != diff_ids:
            what = f"it has {diff_ids} diff IDs, and the manifest {layers} layers"
            self.checks.append(failed("config", subject, what, "build the image again, and push it"))
        else:
            what = f"{manifest.config.size} bytes, of its digest; a diff ID for each layer"
            self.checks.append(passed("config", subject, what))
        return config


def _labels(config: Config | None) -> dict[str, str]:
    try:
        return text_mapping(config.runtime.get("Labels"), "the labels") if config else {}
    except ImageError:
        return {}
