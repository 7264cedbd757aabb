"""Images for these tests: any layers and any config, written to a layout, and what a verification says of them."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from vddkctl.build.archive import inspect
from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.sample import sample_items, sample_name
from vddkctl.oci.descriptor import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Blob,
    Content,
    Descriptor,
)
from vddkctl.oci.digest import digest_of
from vddkctl.oci.platform import parse_platform
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.verify import Check, Expected, LocalArchive, Status, Verification, verify

ROOT = "vmware-vix-disklib-distrib"
LIBRARY = f"{ROOT}/lib64/libvixDiskLib.so"

RIGHT: Mapping[str, Any] = {
    "User": "1001",
    "Entrypoint": ["cp", "-r", f"/{ROOT}", "/opt"],
    "Env": ["PATH=/usr/bin:/bin"],
}


def program(machine: int = 62) -> bytes:
    """Nothing but the header of an ELF program."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<II48x", 1, 5)


def file(name: str, data: bytes = b"x", mode: int = 0o644, **more: Any) -> Item:
    return Item(name, "file", data, mode=mode, **more)


def folder(name: str, mode: int = 0o755) -> Item:
    return Item(name, "folder", mode=mode)


def link(name: str, target: str, kind: str = "symlink") -> Item:
    return Item(name, kind, link=target, mode=0o777)


def tar(*items: Item) -> bytes:
    """A plain tar of these entries."""
    stream = io.BytesIO()
    for item in items:
        info = tarfile.TarInfo(item.name)
        info.type = {
            "file": tarfile.REGTYPE,
            "folder": tarfile.DIRTYPE,
            "symlink": tarfile.SYMTYPE,
            "hardlink": tarfile.LNKTYPE,
            "device": tarfile.CHRTYPE,
            "fifo": tarfile.FIFOTYPE,
        }[item.kind]
        data = item.data if item.kind == "file" else b""
        info.size, info.mode, info.linkname = len(data), item.mode, item.link
        info.uid, info.gid, info.mtime = item.uid, item.gid, item.mtime
        info.pax_headers = dict(item.pax)
        stream.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        stream.write(data + bytes(-len(data) % 512))
    return stream.getvalue() + bytes(1024)


BASE = tar(
    folder("./"),
    folder("bin"),
    file("bin/busybox", program(), 0o755),
    link("bin/cp", "busybox"),
    link("bin/sh", "busybox"),
    Item("dev/null", "device", mode=0o666),
    file("usr/sbin/unix_chkpwd", b"#!", 0o4755),
    link("etc/mtab", "/proc/mounts"),
)
"""A base with what bases have: devices, set-user-ID programs, absolute links."""


@dataclass(frozen=True)
class RawLayer:
    """Bytes as they are pushed. ``diff_id`` is what the config says of them."""

    content: bytes
    diff_id: str
    media_type: str = OCI_LAYER_GZIP

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, digest_of(self.content), len(self.content))


def zipped(plain: bytes) -> RawLayer:
    return RawLayer(gzip.compress(plain, 6, mtime=0), digest_of(plain))


def stored(plain: bytes) -> RawLayer:
    return RawLayer(plain, digest_of(plain), OCI_LAYER)


def as_it_is(archive: Path) -> RawLayer:
    content = archive.read_bytes()
    return RawLayer(content, digest_of(gzip.decompress(content)))


@dataclass(frozen=True)
class Layout:
    """A layout in a folder, and images in it."""

    root: Path
    reference: Reference = field(default_factory=lambda: parse("oci:images:1"))

    @property
    def registry(self) -> LayoutRegistry:
        return LayoutRegistry(self.root)

    def blob(self, digest: str) -> Path:
        """The file of a blob or manifest. Other bytes in it make the layout a liar."""
        return self.root / "images" / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def put(
        self,
        *layers: RawLayer,
        platform: str = "linux/amd64",
        annotations: Mapping[str, str] | None = None,
        manifest: Mapping[str, Any] | None = None,
        document: Mapping[str, Any] | None = None,
        tag: str | None = "1",
        **runtime: Any,
    ) -> Descriptor:
        """Write an image. ``runtime`` replaces keys of the config's ``config``; None takes one away.

        ``manifest`` and ``document`` replace keys of the manifest and of the config.
        """
        settings = {key: value for key, value in {**RIGHT, **runtime}.items() if value is not None}
        config = self._json(
            OCI_CONFIG,
            {
                **parse_platform(platform).to_json(),
                "config": settings,
                "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
                **(document or {}),
            },
        )
        for layer in layers:
            self._blob(layer.descriptor, layer.content)
        body = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.to_json(),
            "layers": [layer.descriptor.to_json() for layer in layers],
            "annotations": dict(annotations or {}),
            **(manifest or {}),
        }
        return self._manifest(OCI_MANIFEST, body, tag)

    def index(self, *entries: Mapping[str, Any], tag: str | None = "1") -> Descriptor:
        """Write an index of these entries."""
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}
        return self._manifest(OCI_INDEX, body, tag)

    def verify(
        self,
        archive: Path | None = None,
        sha256: str | None = None,
        descriptor: Descriptor | None = None,
        **more: Any,
    ) -> Verification:
        """What a verification says of the image with the tag, or of another one."""
        found = descriptor or self.registry.resolve(self.reference)
        assert found
        at_hand = LocalArchive(archive, inspect(archive, progress=Silent())) if archive else None
        platform, trial = more.pop("platform", None), more.pop("trial", None)
        expected = Expected(at_hand.facts.sha256 if at_hand else sha256, at_hand, **more)
        return verify(self.registry, self.reference, found, expected, Silent(), platform, trial)

    def _manifest(self, media_type: str, body: Mapping[str, Any], tag: str | None) -> Descriptor:
        content = json.dumps(body).encode()
        descriptor = Descriptor(media_type, digest_of(content), len(content))
        reference = parse(f"oci:images:{tag}") if tag else parse("oci:images")
        self.registry.put_manifest(reference, descriptor, content)
        return descriptor

    def _json(self, media_type: str, body: Mapping[str, Any]) -> Descriptor:
        content = json.dumps(body).encode()
        return self._blob(Descriptor(media_type, digest_of(content), len(content)), content)

    def _blob(self, descriptor: Descriptor, content: bytes) -> Descriptor:
        self.registry.put_blob(self.reference, Blob(descriptor, Content(content)), Silent())
        return descriptor


Change = Callable[[list[Item]], list[Item]]


def vendor_archive(root: Path, change: Change | None = None, name: str = "", **sample: Any) -> Path:
    """A small sample of the vendor's archive in ``root``, its entries changed by a function."""
    items = sample_items(size=20_000, **sample)
    return write_archive(root / (name or sample_name()), change(items) if change else items)


def items_of(archive: Path) -> list[Item]:
    """What an archive holds, its filler as data."""
    kinds = {
        tarfile.REGTYPE: "file",
        tarfile.DIRTYPE: "folder",
        tarfile.SYMTYPE: "symlink",
        tarfile.LNKTYPE: "hardlink",
    }
    items = []
    with tarfile.open(archive) as source:
        for info in source:
            content = source.extractfile(info) if info.isreg() else None
            data = content.read() if content else b""
            items.append(
                Item(info.name, kinds[info.type], data, mode=info.mode, uid=info.uid, link=info.linkname)
            )
    return items


def copied(archive: Path, change: Change | None = None) -> RawLayer:
    """The archive's files as COPY of a Dockerfile packs them: the same files in another tar, changed by a function."""
    items = [replace(item, uid=0, mtime=0) for item in sorted(items_of(archive), key=lambda item: item.name)]
    return zipped(tar(*(change(items) if change else items)))


def ended(verification: Verification, status: Status) -> list[str]:
    """The names of the checks that ended so, each once, in order."""
    return list(dict.fromkeys(each.check for each in verification.checks if each.status is status))


def failures(verification: Verification) -> list[str]:
    return ended(verification, Status.FAIL)


def warnings(verification: Verification) -> list[str]:
    return ended(verification, Status.WARN)


def said(verification: Verification, check: str, status: Status | None = None) -> list[str]:
    """What the checks of a name say."""
    return [
        each.message for each in verification.checks if each.check == check and status in (None, each.status)
    ]


def only(verification: Verification, check: str, status: Status = Status.FAIL) -> Check:
    """The one check of a name that ended so."""
    (found,) = [each for each in verification.checks if each.check == check and each.status is status]
    return found
