"""Images in an OCI image layout: a folder (OCI image specification 1.1, "Image Layout").

Blobs are never changed once they have their name, ``index.json`` is replaced in one step under a lock, and it
is replaced last. So a reader, also after a run that was killed, always finds a whole layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.descriptor import Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.manifest import parse
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress, Silent
from vddkctl.registry import layout_copy, layout_files
from vddkctl.registry.layout_files import told
from vddkctl.registry.layout_index import EMPTY, VERSION, blamed, is_layout, read_document, read_index
from vddkctl.registry.verified import verified


class LayoutRegistry:
    """A :class:`~vddkctl.registry.base.Registry` for ``oci:PATH`` references, relative to ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

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

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes; reading the end of it checks them."""
        path = _blob_path(self.folder(reference), descriptor.digest)
        with told(path):
            try:
                return verified(path.open("rb", buffering=0), descriptor, str(path))
            except FileNotFoundError:
                raise RegistryError("there is no such blob", where=str(path)) from None

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether a file with the blob's name and size is there."""
        path = _blob_path(self.folder(reference), descriptor.digest)
        with told(path):
            return path.is_file() and path.stat().st_size == descriptor.size

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Copy a blob into the layout, unless it is there."""
        folder = self.folder(reference)
        with told(folder):
            _make_layout(folder)
            if self.has_blob(reference, blob.descriptor):
                return
            with (
                progress.task(f"write {blob.descriptor.short}", blob.descriptor.size) as task,
                layout_files.replacing(_blob_path(folder, blob.descriptor.digest)) as target,
            ):
                layout_copy.copy(blob, target, task)

    def put_manifest(self, reference: Reference, descriptor: Descriptor, content: bytes) -> None:
        """Put a manifest or index; with a tag in ``reference``, that tag then names it.

        Without one the layout's index does not list it: it is found by digest, and through an index.
        """
        folder = self.folder(reference)
        self.put_blob(reference, Blob(descriptor, Content(content)), Silent())
        if reference.tag is not None:
            with told(folder), layout_files.locked(folder):
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


def _move_tag(folder: Path, descriptor: Descriptor, tag: str) -> None:
    layout_files.sweep(folder)
    layout_files.sweep(_blob_folder(folder))
    layout_files.sync_folder(_blob_folder(folder))
    index = read_index(folder)
    if index is not None and not index.names(tag, descriptor):
        layout_files.write(index.path, index.retagged(descriptor, tag))
        layout_files.sync_folder(folder)


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
