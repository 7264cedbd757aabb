"""What a layout's two documents say: ``oci-layout`` and ``index.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.annotations import REF_NAME
from vddkctl.oci.descriptor import OCI_INDEX, Descriptor
from vddkctl.oci.document import MAX_SIZE, decode, encode
from vddkctl.oci.manifest import parse_descriptor
from vddkctl.registry.layout_files import told

VERSION = encode({"imageLayoutVersion": "1.0.0"})
"""What a new layout's ``oci-layout`` holds."""

EMPTY = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
"""What its ``index.json`` holds."""


class LayoutIndex(Struct, frozen=True):
    """One layout's ``index.json``: as it stands, and its entries as descriptors, in the same order."""

    path: Path
    data: Mapping[str, Any]
    entries: tuple[Descriptor, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """Every name, sorted."""
        return tuple(sorted({_name(entry) for entry in self.entries} - {""}))

    def by_digest(self, digest: str) -> Descriptor | None:
        """The entry with this digest."""
        return next((entry for entry in self.entries if entry.digest == digest), None)

    def by_tag(self, tag: str) -> Descriptor | None:
        """The entry of this name, or of a full name that ends with it, as podman writes them.

        Raises RegistryError when that can be several images.
        """
        exact = [entry for entry in self.entries if _name(entry) == tag]
        found = exact or [entry for entry in self.entries if _name(entry).endswith(f":{tag}")]
        if len({entry.digest for entry in found}) > 1:
            raise RegistryError(
                f'several images are called "{tag}"', where=str(self.path), hint="name one by its digest"
            )
        return found[0] if found else None

    def names(self, tag: str, descriptor: Descriptor) -> bool:
        """Whether ``tag``, in so many words, is on this image and on no other, with the right size."""
        found = {(entry.digest, entry.size) for entry in self.entries if _name(entry) == tag}
        return found == {(descriptor.digest, descriptor.size)}

    def only(self) -> Descriptor | None:
        """The one image there is. Raises RegistryError when there are several."""
        if len({entry.digest for entry in self.entries}) > 1:
            names = ", ".join(sorted({_name(entry) or entry.digest for entry in self.entries}))
            raise RegistryError("there are several images", where=str(self.path), hint=f"name one of {names}")
        return self.entries[0] if self.entries else None

    def retagged(self, descriptor: Descriptor, tag: str) -> bytes:
        """A new ``index.json`` in which ``tag`` names ``descriptor``.

        An image that loses its last name stays, without one: a cluster may still use it by digest.
        """
        covered = {entry.digest for entry in self.entries if _name(entry) not in {"", tag}}
        covered.add(descriptor.digest)
        kept = []
        for raw, entry in zip(self.data["manifests"], self.entries, strict=True):
            if _name(entry) not in {"", tag}:
                kept.append(raw)
            elif entry.digest not in covered:
                kept.append(_nameless(raw))
        new = {**descriptor.to_json(), "annotations": {**descriptor.annotations, REF_NAME: tag}}
        return encode({**self.data, "manifests": [*kept, new]})


def read_index(folder: Path) -> LayoutIndex | None:
    """Read a layout's index; None where there is no layout yet. Raises RegistryError naming the file."""
    if not is_layout(folder):
        return None
    path = folder / "index.json"
    content = read_document(path)
    if content is None:
        content = EMPTY
    with blamed(path):
        data = decode(content, "it")
        manifests = data.get("manifests")
        if not isinstance(manifests, list):
            raise ImageError('it has no list of "manifests"')
        return LayoutIndex(path, data, tuple(parse_descriptor(entry) for entry in manifests))


def is_layout(folder: Path) -> bool:
    """Whether ``folder`` is a layout; False where it could become one.

    Raises RegistryError when it is something else, or a layout of another version.
    """
    with told(folder):
        try:
            # Hidden files do not count: Git wants one in an empty folder, and ours are hidden.
            names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return False
    path = folder / "oci-layout"
    content = read_document(path)
    if content is None:
        if not names:
            return False
        raise RegistryError(
            f'it is not an OCI image layout: it has no oci-layout file, but "{names[0]}"',
            where=str(folder),
            hint="name a layout, an empty folder, or one that does not exist yet",
        )
    with blamed(path):
        version = decode(content, "it").get("imageLayoutVersion")
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        raise RegistryError(f'its version is "{version}", not 1.0.0', where=str(path))
    return True


def read_document(path: Path) -> bytes | None:
    """The bytes of a document; None where there is no such file. Raises RegistryError."""
    with told(path):
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_SIZE + 1)
        except FileNotFoundError:
            return None
    if len(content) > MAX_SIZE:
        raise RegistryError(f"it is larger than {MAX_SIZE // 1024 // 1024} MiB", where=str(path))
    return content


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Name the file that a document's mistake is in."""
    try:
        yield
    except ImageError as error:
        raise RegistryError(error.what, where=str(path), hint=error.hint) from None


def _name(entry: Descriptor) -> str:
    return entry.annotations.get(REF_NAME, "")


def _nameless(raw: Mapping[str, Any]) -> dict[str, Any]:
    annotations = {key: value for key, value in (raw.get("annotations") or {}).items() if key != REF_NAME}
    rest = {key: value for key, value in raw.items() if key != "annotations"}
    return {**rest, "annotations": annotations} if annotations else rest
