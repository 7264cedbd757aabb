"""Images in an OCI image layout: a folder (OCI image specification 1.1, "Image Layout").

Blobs are never changed once they have their name, ``index.json`` is replaced in one step under a lock, and it
is replaced last. So a reader, also after a run that was killed, always finds a whole layout.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import BinaryIO

from vddkctl.atomic import sweep, sync_folder
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.descriptor import Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.manifest import parse
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress, Silent
from vddkctl.registry import layout_copy, layout_files
from vddkctl.registry.base import UNCHECKED, Unchecked
from vddkctl.registry.layout_files import told
from vddkctl.registry.layout_index import (
    EMPTY,
    VERSION,
    LayoutIndex,
    blamed,
    is_layout,
    read_document,
    read_index,
)
from vddkctl.registry.moved import moved
from vddkctl.registry.verified import verified


class LayoutRegistry:
    """A :class:`~vddkctl.registry.base.Registry` for ``oci:PATH`` references, relative to ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: set[Path] = set()  # blobs whose bytes were read or written here: once is enough

    def folder(self, reference: Reference) -> Path:
        """Where the layout is."""
        if reference.transport != "oci":
            raise RegistryError("it is not a folder's name", where=str(reference))
        return self._root / reference.repository

    def resolve(self, reference: Reference) -> Descriptor | None:
        """What a tag (or a digest) names; a reference with neither names the only image there is."""
        folder = self.folder(reference)
        index = read_index(folder)
        if index is None:
            return None
        if reference.digest is not None:
            return index.by_digest(reference.digest) or _unlisted(folder, reference.digest)
        return index.only() if reference.tag is None else index.by_tag(reference.tag)

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """The manifest or index with this digest, checked against it."""
        path = _blob_path(self.folder(reference), digest)
        content = read_document(path)
        if content is None:
            raise RegistryError("there is no such manifest", where=str(path))
        if digest_of(content) != digest:
            raise RegistryError(f"its bytes are of {digest_of(content)}", where=str(path))
        return content

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The names that the layout's index gives."""
        index = read_index(self.folder(reference))
        return index.tags if index else ()

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes; reading the end of it checks them."""
        path = _blob_path(self.folder(reference), descriptor.digest)
        with told(path):
            try:
                return verified(path.open("rb", buffering=0), descriptor, str(path))
            except FileNotFoundError:
                raise RegistryError("there is no such blob", where=str(path)) from None

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether a file with the blob's name and size is there; its bytes are not read."""
        path = _blob_path(self.folder(reference), descriptor.digest)
        with told(path):
            return path.is_file() and path.stat().st_size == descriptor.size

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether a manifest or index is there, with the bytes that its name tells."""
        if not self.has_blob(reference, descriptor):
            return False
        content = read_document(_blob_path(self.folder(reference), descriptor.digest))
        return content is not None and digest_of(content) == descriptor.digest

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Copy a blob into the layout, unless it is there. Its name alone proves nothing: it is read first."""
        folder, descriptor = self.folder(reference), blob.descriptor
        path = _blob_path(folder, descriptor.digest)
        with told(folder):
            _make_layout(folder)
            if not self.has_blob(reference, descriptor) or not self._is_whole(path, descriptor, progress):
                with (
                    progress.task(f"write {descriptor.short}", descriptor.size) as task,
                    layout_files.replacing(path) as target,
                ):
                    layout_copy.copy(blob, target, task)
        self._known.add(path)

    def _is_whole(self, path: Path, descriptor: Descriptor, progress: Progress) -> bool:
        if path in self._known:
            return True
        with progress.task(f"check {descriptor.short}", descriptor.size) as task:
            return layout_copy.digest_of_file(path, task) == descriptor.digest

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Put a manifest or index; with a tag in ``reference``, that tag then names it.

        Without one the layout's index does not list it: it is found by digest, and through an index.
        """
        folder = self.folder(reference)
        self.put_blob(reference, Blob(descriptor, Content(content)), Silent())
        if reference.tag is not None:
            with told(folder), layout_files.locked(folder):
                if expected is not UNCHECKED:
                    _check_tag(reference, read_index(folder), {expected, descriptor.digest})
                _move_tag(folder, descriptor, reference.tag)


def _make_layout(folder: Path) -> None:
    """Make sure that there is a layout to write to. Refuses a folder with other things in it."""
    if not is_layout(folder):
        layout_files.make_folder(folder)
        with layout_files.locked(folder):
            if not is_layout(folder):
                layout_files.write(folder / "oci-layout", VERSION)
                layout_files.write(folder / "index.json", EMPTY)
    layout_files.make_folder(_blob_folder(folder))


def _check_tag(reference: Reference, index: LayoutIndex | None, allowed: Container[str | None]) -> None:
    found = index.by_tag(reference.tag) if index and reference.tag else None
    now = found.digest if found else None
    if now not in allowed:
        raise moved(reference, now)


def _move_tag(folder: Path, descriptor: Descriptor, tag: str) -> None:
    sweep(folder)
    sweep(_blob_folder(folder))
    sync_folder(_blob_folder(folder))
    index = read_index(folder)
    if index is not None and not index.names(tag, descriptor):
        layout_files.write(index.path, index.retagged(descriptor, tag))
        sync_folder(folder)


def _unlisted(folder: Path, digest: str) -> Descriptor | None:
    """A manifest that only another index lists: its own bytes tell what it is."""
    path = _blob_path(folder, digest)
    content = read_document(path)
    if content is None:
        return None
    with blamed(path):
        return Descriptor(parse(content).media_type, digest, len(content))


def _blob_folder(folder: Path) -> Path:
    return folder / "blobs" / "sha256"


def _blob_path(folder: Path, digest: str) -> Path:
    try:
        return _blob_folder(folder) / hex_of(digest)
    except ImageError as error:
        raise RegistryError(error.what, where=str(folder), hint=error.hint) from None
