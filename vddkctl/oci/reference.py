"""References: what an image is called, in a registry or in an OCI image layout.

The grammar is the one of the OCI distribution specification 1.1 ("Pulling manifests") and of the Docker
tools (github.com/distribution/reference), with one difference: the registry is never guessed.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.errors import ImageError
from vddkctl.oci.digest import check_digest

_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_WORD = r"[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*"
_REF_NAME = re.compile(rf"{_WORD}(?:/{_WORD})*")
"""What a layout may call a manifest (OCI image specification 1.1, annotation ``…ref.name``)."""

_DIGEST_TAIL = re.compile(r"@(sha256:[0-9a-f]{64})\Z")
_MAX_PATH = 255

_LAYOUT_PREFIX = "oci:"
_ARCHIVES = ("oci-archive:", "docker-archive:")
_OTHER_PLACES = ("docker-daemon:", "containers-storage:", "dir:", "tarball:", "ostree:", "sif:")
_MAX_PORT = 65535


class Reference(Struct, frozen=True):
    """``harbor.company.com/migration/vddk:8.0.1``, ``…@sha256:…`` or ``oci:./images/vddk:8.0.1``.

    ``repository`` is the name without transport, tag and digest: ``harbor.company.com/migration/vddk`` for a
    registry, the folder's path as written for a layout. Where both ``tag`` and ``digest`` are given, the
    digest decides and the tag is only shown.
    """

    transport: Literal["docker", "oci"]
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """The reference as it is written; :func:`parse` gives it back."""
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.name}{tag}{digest}"

    @property
    def name(self) -> str:
        """The repository as it is written, with its transport: ``harbor.company.com/vddk``, ``oci:./v``."""
        return f"{_LAYOUT_PREFIX}{self.repository}" if self.transport == "oci" else self.repository

    @property
    def host(self) -> str:
        """The registry's host, and port where there is one; empty for a layout."""
        return self.repository.partition("/")[0] if self.transport == "docker" else ""

    @property
    def path(self) -> str:
        """The repository inside its registry (``migration/vddk``), or the layout's folder."""
        return self.repository.partition("/")[2] if self.transport == "docker" else self.repository

    @property
    def pinned(self) -> bool:
        """Whether it names exactly one image for ever."""
        return self.digest is not None

    def with_digest(self, digest: str) -> Reference:
        """The same repository by this digest alone: not every runtime takes a tag beside it."""
        return replace(self, tag=None, digest=check_digest(digest))

    def bare(self) -> Reference:
        """The repository alone."""
        return replace(self, tag=None, digest=None)


def parse(text: str) -> Reference:
    """Read ``host[:port]/path[:tag][@sha256:…]`` or ``oci:PATH[:TAG][@sha256:…]``.

    Raises ImageError. A name without a registry (``vddk:8``) is refused: which registry a short name means
    depends on the machine.
    """
    if text.startswith(_LAYOUT_PREFIX):
        return _parse_layout(text)
    scheme, slashes, bare = text.rpartition("://")
    if "@" in bare.partition("/")[0]:  # Not repeated: what stands there is often a password.
        raise ImageError("a reference names no user and no password", hint="registries have their own login")
    if slashes:
        raise ImageError(f'"{text}" starts with {scheme}://', hint=f"write {bare or 'host/path:tag'} alone")
    _check_place(text)
    name, digest = _split_digest(text, strict=True)
    host, slash, rest = name.partition("/")
    if not _is_registry(host, alone=not slash):
        raise ImageError(
            f'"{text}" names no registry',
            hint=f"write its host first, as in registry.example.com/{text or 'vddk:8'}",
        )
    if not rest:
        raise ImageError(f'"{text}" names no repository after the registry', hint=f"as in {host}/vddk")
    if not is_host(host):
        raise ImageError(f'"{text}": "{host}" is not a host, or host:port')
    path, colon, tag = rest.partition(":")
    _check_path(path, text)
    return Reference("docker", f"{host}/{path}", _checked_tag(tag, "docker", text) if colon else None, digest)


def _check_place(text: str) -> None:
    """Refuse the places of other tools, and folders without their prefix."""
    if text.startswith(_ARCHIVES):
        raise ImageError(
            f'"{text}" is an archive', hint="unpack it with tar, and name the folder: oci:FOLDER:TAG"
        )
    if text.startswith(_OTHER_PLACES):
        raise ImageError(
            f'"{text}" is not a place that is read here',
            hint="name a registry's image, or a layout: oci:FOLDER:TAG",
        )
    if text.startswith(("./", "../", "/", "~")):
        raise ImageError(f'"{text}" names no registry', hint=f"a folder is written oci:{text}")


def parse_repository(text: str) -> Reference:
    """Read a repository, which has neither tag nor digest. Raises ImageError."""
    reference = parse(text)
    if reference.tag is not None:
        raise ImageError(
            f'"{text}" has a tag, and a repository has none',
            hint=f"write {reference.bare()}, and the tag apart",
        )
    if reference.digest is not None:
        raise ImageError(
            f'"{text}" has a digest, and a repository has none', hint=f"write {reference.bare()}"
        )
    return reference


def is_host(text: str) -> bool:
    """Whether it is a registry's host, or host:port: no scheme, no path, no user."""
    port = text.rpartition(":")[2] if not text.endswith("]") else ""
    return _HOST.fullmatch(text) is not None and not (
        port.isdigit() and ":" in text and int(port) > _MAX_PORT
    )


def _is_registry(first: str, *, alone: bool) -> bool:
    """Whether the first component is a host: by its dot or port, since ``vddk/x`` could be a repository.

    Alone, ``vddk:8`` is a name and its tag.
    """
    host, port, _ = first.partition(":")
    return host == "localhost" or "." in host or "[" in host or (bool(port) and not alone)


def _parse_layout(text: str) -> Reference:
    name, digest = _split_digest(text.removeprefix(_LAYOUT_PREFIX), strict=False)
    # The first colon ends the path, as in skopeo: what follows may itself be a name with a tag.
    path, colon, tag = name.partition(":")
    if not path or "\0" in path:
        raise ImageError(f'"{text}" names no folder', hint="as in oci:./images/vddk:8.0.1")
    return Reference("oci", path, _checked_tag(tag, "oci", text) if colon else None, digest)


def _split_digest(name: str, *, strict: bool) -> tuple[str, str | None]:
    found = _DIGEST_TAIL.search(name)
    if found:
        return name[: found.start()], found[1]
    _, at, tail = name.rpartition("@")
    # A folder's name may have an @; the name of a repository never does.
    if at and (strict or tail.startswith("sha256:")):
        check_digest(tail, name)
    return name, None


def _check_path(path: str, text: str) -> None:
    for component in path.split("/"):
        if _COMPONENT.fullmatch(component):
            continue
        if component != component.lower():
            raise ImageError(
                f'"{text}": "{component}" has upper-case letters', hint=f"write {component.lower()}"
            )
        raise ImageError(
            f'"{text}": "{component}" is not a part of a repository\'s name',
            hint="lower-case letters and digits, with . _ or - between them",
        )
    if len(path) > _MAX_PATH:
        raise ImageError(f'"{text}": the repository is longer than {_MAX_PATH} characters')


def _checked_tag(tag: str, transport: str, text: str) -> str:
    if (_REF_NAME if transport == "oci" else _TAG).fullmatch(tag) or _TAG.fullmatch(tag):
        return tag
    raise ImageError(
        f'"{text}": "{tag}" is not a tag',
        hint="at most 128 letters, digits, _ . and -, not starting with . or -",
    )
