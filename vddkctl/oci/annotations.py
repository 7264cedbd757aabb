"""Names of annotations and labels, and what an image's annotations tell of where it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from msgspec import Struct

from vddkctl.errors import ImageError
from vddkctl.oci.digest import is_digest
from vddkctl.oci.document import decode, text_mapping

# OCI image specification 1.1, "Pre-Defined Annotation Keys".
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
CREATED = "org.opencontainers.image.created"
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
REF_NAME = "org.opencontainers.image.ref.name"

ARCHIVE_SHA256 = "dev.vddkctl.archive.sha256"
"""Hex digits of the vendor's archive."""
LAYER_VERBATIM = "dev.vddkctl.layer.verbatim"
""""true" when the image's last layer is that archive as it stands."""

INPUTS = "dev.vddkctl.inputs"
"""Of an image that an engine has built: the digest of all that it was built from. Also a label."""
BASES = "dev.vddkctl.bases"
"""And the images that its Dockerfile names, with the digests that these names meant: a JSON object."""

_HEX = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class Origin(Struct, frozen=True):
    """Where an image says that it comes from; None for what it does not say.

    ``created`` is RFC 3339: of vddkctl's own images the archive's date, of others mostly the day of the build.
    """

    archive_sha256: str | None = None
    base_digest: str | None = None
    version: str | None = None
    created: str | None = None
    base_name: str | None = None
    inputs: str | None = None
    bases: Mapping[str, str] = {}


def origin_of(content: bytes) -> Origin:
    """Read the annotations of a manifest or an index, of any tool's making. Never raises."""
    try:
        annotations = text_mapping(decode(content, "the manifest").get("annotations"), "the annotations")
    except ImageError:
        return Origin()
    archive, base = annotations.get(ARCHIVE_SHA256, ""), annotations.get(BASE_DIGEST)
    version = annotations.get(VERSION, "")
    return Origin(
        archive if _HEX.fullmatch(archive) else None,
        base if is_digest(base) else None,
        version if _VERSION.fullmatch(version) else None,
        time_of(annotations.get(CREATED)),
        annotations.get(BASE_NAME),
        inputs if is_digest(inputs := annotations.get(INPUTS)) else None,
        _bases(annotations.get(BASES)),
    )


def _bases(text: str | None) -> Mapping[str, str]:
    try:
        said = json.loads(text or "{}")
    except ValueError:
        return {}
    return (
        {name: digest for name, digest in said.items() if is_digest(digest)} if isinstance(said, dict) else {}
    )


def time_of(value: object) -> str | None:
    """A time as RFC 3339 has it; None for anything else."""
    return value if isinstance(value, str) and _TIME.fullmatch(value) else None
