"""Images in a registry (OCI distribution specification 1.1; Docker's registry API v2 is the same)."""

from __future__ import annotations

from typing import BinaryIO, cast
from urllib.parse import quote

from msgspec.structs import replace

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.oci.descriptor import INDEXES, MANIFESTS, Blob, Descriptor
from vddkctl.oci.digest import digest_of, is_digest
from vddkctl.oci.document import MAX_SIZE
from vddkctl.oci.manifest import media_type_of
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import UNCHECKED, AbsentError, Unchecked
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.answer import Answer
from vddkctl.registry.http.authorization import FindLogin
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.patience import AGAIN, PATIENT, Patience
from vddkctl.registry.http.purpose import Purpose, to_read, to_write
from vddkctl.registry.http.wire import Wire
from vddkctl.registry.verified import verified

_ACCEPT = ", ".join(sorted((*MANIFESTS, *INDEXES)))
_ABSENT = frozenset({404})
_BROKEN = "it, or something on the way, is broken; nothing of it was used"


class HttpRegistry:
    """A :class:`~vddkctl.registry.base.Registry` for references to one host. Safe to use from several threads.

    ``login`` finds the login for a host and a repository; None asks without one. ``progress`` hears of waits.
    """

    def __init__(
        self, access: Access, login: FindLogin | None, progress: Progress, patience: Patience = PATIENT
    ) -> None:
        self._exchange = Exchange(Wire(access), login, progress, patience)

    @property
    def host(self) -> str:
        """The registry's name, as references have it."""
        return self._exchange.host

    def resolve(self, reference: Reference) -> Descriptor | None:
        """What a tag or a digest names: one HEAD, or a GET where the registry's answer to that does not tell."""
        name = reference.digest or reference.tag
        if name is None:
            hint = f"write {reference}:TAG or {reference}@sha256:…"
            raise RegistryError("it names no image", where=str(reference), hint=hint)
        purpose = to_read(reference, f"look for {name}" if reference.digest else f"read the tag {name}")
        answer = self._manifest("HEAD", reference, name, purpose)
        answer.close()
        if answer.status == 404:
            return None
        digest, media_type = answer.header("Docker-Content-Digest") or reference.digest, _type(answer)
        if answer.done and digest and is_digest(digest) and media_type and answer.length is not None:
            found = Descriptor(media_type, digest, answer.length)
        else:
            answer = self._manifest("GET", reference, name, purpose)
            if answer.status == 404:
                return None
            content = answer.content
            found = Descriptor(media_type_of(content, str(reference)), digest_of(content), len(content))
        if reference.digest:
            _check(purpose, found.digest, reference.digest)
        return found

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """The manifest or index with this digest, checked against it."""
        purpose = to_read(reference, f"read the manifest {digest}")
        answer = self._manifest("GET", reference, digest, purpose)
        if answer.status == 404:
            raise AbsentError(f"there is no manifest {digest}", where=str(reference))
        _check(purpose, digest_of(answer.content), digest)
        return answer.content

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """All tags, sorted; none for a repository that is not there. Raises RegistryError."""
        from vddkctl.registry.http.tags import all_tags

        return all_tags(self._exchange, reference)

    def readable(self, reference: Reference) -> bool | None:
        """Whether a client like this one may read the repository; None where it cannot be told.

        An open registry lets everybody in, also where it has nothing yet; one that asks for a login first may hide what
        it has behind a 404. Raises RegistryError when it cannot be asked.
        """
        url = self._url(reference, "tags/list?n=1")
        try:
            answer = self._exchange.ask(
                Request("GET", url, to_read(reference, "list the tags"), answers=_ABSENT | {405}),
                load=MAX_SIZE,
            )
        except DeniedError:
            return False
        if answer.status == 404:
            return None if self._exchange.challenged else True
        from vddkctl.registry.http.tags import lists_tags

        return True if answer.done and lists_tags(answer.content) else None

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes, which goes on where it was when the connection breaks off."""
        url, purpose = self._blob_url(reference, descriptor), to_read(reference, f"read {descriptor.short}")
        from vddkctl.registry.http.download import Download

        stream = cast("BinaryIO", Download(self._exchange, Request("GET", url, purpose), descriptor.size))
        return verified(stream, descriptor, f"{reference.name}: {descriptor.digest}")

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the registry has a blob, with the right size as far as it tells."""
        url, purpose = (
            self._blob_url(reference, descriptor),
            to_read(reference, f"look for {descriptor.short}"),
        )
        answer = self._exchange.ask(Request("HEAD", url, purpose, answers=_ABSENT))
        answer.close()
        return answer.status != 404 and answer.length in {None, 0, descriptor.size}

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the registry has a manifest."""
        return self.resolve(reference.with_digest(descriptor.digest)) is not None

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Upload a blob, unless it is there or can be mounted from another repository of this registry."""
        from vddkctl.registry.http.upload import Upload

        Upload(self._exchange, reference, blob, lambda: self.has_blob(reference, blob.descriptor)).run(
            progress
        )

    def log_in(self) -> bool:
        """Whether the registry asks for a login, or for a token; DeniedError when it does not take what there is."""
        from vddkctl.registry.http.trial import log_in

        log_in(self._exchange)
        return self._exchange.challenged

    def try_push(self, reference: Reference) -> None:
        """See whether this client may push there, without pushing. Raises DeniedError, and RegistryError."""
        from vddkctl.registry.http.trial import try_push

        try_push(self._exchange, reference)

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Put a manifest, by tag where the reference has one.

        A registry cannot compare and move a tag in one step: what it names is read right before each attempt.
        """
        from vddkctl.registry.http.naming import Naming

        name = reference.tag or descriptor.digest
        step = f"move the tag {name}" if reference.tag else f"put the manifest {descriptor.short}"
        request = Request(
            "PUT",
            self._manifest_url(reference, name),
            to_write(reference, step),
            {"Content-Type": descriptor.media_type},
            content,
            AGAIN,
            repeat=False,
        )
        named = replace(reference, digest=None) if reference.tag else reference.with_digest(descriptor.digest)
        Naming(self._exchange, self, named, descriptor.digest).put(request, expected)

    def _manifest(self, method: str, reference: Reference, name: str, purpose: Purpose) -> Answer:
        """The answer, loaded; 404 for what is not there."""
        url = self._manifest_url(reference, name)
        answers = _ABSENT | {405} if method == "HEAD" else _ABSENT
        request = Request(method, url, purpose, {"Accept": _ACCEPT}, answers=answers)
        answer = self._exchange.ask(request, load=MAX_SIZE + 1)
        if len(answer.content) > MAX_SIZE:
            raise purpose.failed(f"it is larger than {MAX_SIZE >> 20} MiB")
        return answer

    def _manifest_url(self, reference: Reference, name: str) -> str:
        return self._url(reference, f"manifests/{quote(name, safe=':')}")

    def _blob_url(self, reference: Reference, descriptor: Descriptor) -> str:
        return self._url(reference, f"blobs/{descriptor.digest}")

    def _url(self, reference: Reference, rest: str) -> str:
        return self._exchange.url(f"{path_of(reference)}/{rest}")


def _check(purpose: Purpose, found: str, wanted: str) -> None:
    if found != wanted:
        raise purpose.failed(f"the registry answers with {found} when it is asked for {wanted}", hint=_BROKEN)


def _type(answer: Answer) -> str | None:
    media_type = (answer.header("Content-Type") or "").partition(";")[0].strip()
    return media_type if media_type in MANIFESTS or media_type in INDEXES else None
