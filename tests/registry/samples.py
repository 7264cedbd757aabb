"""Small images for tests: an archive of the vendor's shape, and a base below it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from vddkctl.build.native import build
from vddkctl.oci.assemble import Addition, assemble
from vddkctl.oci.descriptor import OCI_LAYER_GZIP, Blob, BlobSource, Content, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import BaseImage, Image, ImageIndex, scratch
from vddkctl.oci.platform import Platform, parse_platform
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
from vddkctl.registry.read import read_base
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")

LIB64 = "vmware-vix-disklib-distrib/lib64"
VENDOR_FILES: Mapping[str, bytes | str] = {
    f"{LIB64}/libvixDiskLib.so.8.0.1": b"\x7fELF" + bytes(2000),
    f"{LIB64}/libvixDiskLib.so.8": "libvixDiskLib.so.8.0.1",
    f"{LIB64}/libvixDiskLib.so": "libvixDiskLib.so.8",
    "vmware-vix-disklib-distrib/doc/README": b"read me\n",
}


@dataclass(frozen=True)
class FileSource:
    """A blob in a file."""

    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb")


def tarball(files: Mapping[str, bytes | str]) -> bytes:
    """A gzipped tar of world-readable files; text is the target of a link."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = 1_680_000_000, 0o755
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def facts(content: bytes, **changed: Any) -> tuple[ArchiveFacts, LayerFacts]:
    """What is known of an archive that is a layer as it stands."""
    diff_id = digest_of(gzip.decompress(content))
    known: dict[str, Any] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": "0" * 32,
        "size": len(content),
        "diff_id": diff_id,
        "unpacked_size": len(gzip.decompress(content)),
        "entries": len(VENDOR_FILES),
        "version": "8.0.1",
        "name_version": None,
        "build": None,
        "released": 1_680_000_000,
        "machine": "x86_64",
        "soname": "libvixDiskLib.so.8",
        "libraries": (),
        "links": (),
        "obstacles": (),
        "published": None,
    }
    return ArchiveFacts(**{**known, **changed}), LayerFacts(digest_of(content), diff_id, len(content), True)


def base_image(platform: Platform = AMD64, *, content: bytes = b"a base") -> Image:
    """An image of one small layer, with a config of some character."""
    layer = tarball({"bin/cp": content})
    addition = Addition(
        Blob(Descriptor(OCI_LAYER_GZIP, digest_of(layer), len(layer)), Content(layer)),
        digest_of(gzip.decompress(layer)),
        "2023-01-02T03:04:05Z",
        "made for a test",
        {"Env": ["PATH=/bin"], "Cmd": ["sh"], "WorkingDir": "/srv", "Labels": {"vendor": "tests"}},
    )
    return assemble(scratch(platform), addition, platform)


def pushed_base(root: Path, platform: Platform = AMD64) -> BaseImage:
    """That image, pushed to the layout ``base`` below ``root`` and read from there."""
    registry, reference = LayoutRegistry(root), parse("oci:base:1")
    push(registry, reference, base_image(platform), Silent())
    return read_base(registry, reference, platform)


@dataclass(frozen=True)
class Sample:
    """One archive and the image that it gives."""

    archive: bytes = field(default_factory=lambda: tarball(VENDOR_FILES))

    def image(
        self,
        bases: Mapping[Platform, BaseImage],
        *platforms: str,
        source: BlobSource | None = None,
        **changed: Any,
    ) -> Image | ImageIndex:
        """The image on these bases, in the order given."""
        archive, layer = facts(self.archive, **changed)
        wanted = [parse_platform(text) for text in platforms] or list(bases)
        return build(archive, layer, source or Content(self.archive), wanted, bases, "oci:./base:1")


def on_layout(root: Path) -> tuple[LayoutRegistry, Reference, Image | ImageIndex]:
    """A registry in ``root``, a reference in it, and an image that is not pushed yet."""
    return LayoutRegistry(root), parse("oci:images:8.0.1"), Sample().image({AMD64: pushed_base(root)})


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
