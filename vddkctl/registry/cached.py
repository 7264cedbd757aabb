"""A registry whose documents need not be asked for twice."""

from __future__ import annotations

import io
from typing import BinaryIO

from vddkctl.errors import ImageError
from vddkctl.oci.descriptor import DOCKER_CONFIG, OCI_CONFIG, Blob, Descriptor
from vddkctl.oci.document import MAX_SIZE
from vddkctl.oci.manifest import parse
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import UNCHECKED, Registry, Unchecked
from vddkctl.registry.documents import Documents

_CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})


class CachedRegistry:
    """A :class:`~vddkctl.registry.base.Registry` that keeps what has a digest and is small: manifests and configs.

    Whether a document with a digest is still in the registry, it does not tell: only what the document is.
    """

    def __init__(self, registry: Registry, documents: Documents) -> None:
        self._registry = registry
        self._documents = documents

    def resolve(self, reference: Reference) -> Descriptor | None:
        """What a tag names now; a digest is looked for among the documents first."""
        content = self._documents.get(reference.digest) if reference.digest else None
        if reference.digest is None or content is None:
            return self._registry.resolve(reference)
        try:
            return Descriptor(parse(content).media_type, reference.digest, len(content))
        except ImageError:  # a config, or something stranger
            return self._registry.resolve(reference)

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """The manifest or index with this digest."""
        content = self._documents.get(digest)
        if content is None:
            content = self._registry.manifest(reference, digest)
            self._documents.put(digest, content)
        return content

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes; of a config those that are kept."""
        if descriptor.media_type not in _CONFIGS or descriptor.size > MAX_SIZE:
            return self._registry.open_blob(reference, descriptor)
        content = self._documents.get(descriptor.digest)
        if content is None or len(content) != descriptor.size:
            with self._registry.open_blob(reference, descriptor) as stream:
                content = stream.read(descriptor.size + 1)
            self._documents.put(descriptor.digest, content)
        return io.BytesIO(content)

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """As the registry has them now."""
        return self._registry.tags(reference)

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """As the registry has it now."""
        return self._registry.has_blob(reference, descriptor)

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """As the registry has it now."""
        return self._registry.has_manifest(reference, descriptor)

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Put it into the registry."""
        self._registry.put_blob(reference, blob, progress)

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Put it into the registry."""
        self._registry.put_manifest(reference, descriptor, content, expected=expected)
