"""Images in a registry (OCI distribution specification 1.1; Docker's registry API v2 is the same)."""

from __future__ import annotations

import json
import re
from typing import BinaryIO, cast
from urllib.parse import quote, urljoin

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.oci.descriptor import INDEXES, MANIFESTS, Blob, Descriptor
from vddkctl.oci.digest import digest_of, is_digest
from vddkctl.oci.document import MAX_SIZE
from vddkctl.oci.manifest import media_type_of
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import UNCHECKED, Unchecked
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.authorization import FindLogin, pull, push
from vddkctl.registry.http.download import Download
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.patience import PATIENT, Patience
from vddkctl.registry.http.upload import Upload
from vddkctl.registry.http.wire import Answer, Wire
from vddkctl.registry.verified import verified

_ACCEPT = ", ".join(sorted((*MANIFESTS, *INDEXES)))
_ABSENT = frozenset({404})
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?')
_MOST_TAGS = 10_000


class HttpRegistry:
    """A :class:`~vddkctl.registry.base.Registry` for references to one host. Safe to use from several threads.

    ``login`` finds the login for a host and a repository; None asks without one. ``progress`` hears of waits.
    """

    def __init__(
        self,
        access: Access,
        login: FindLogin | None,
        progress: Progress,
        patience: Patience = PATIENT,
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
            raise RegistryError(
                "it names no image",
                where=str(reference),
                hint=f"write {reference}:TAG or {reference}@sha256:…",
            )
        step = f"read the tag {name}" if reference.digest is None else f"look for {name}"
        answer = self._exchange.ask(self._manifest("HEAD", reference, name, step))
        answer.close()
        if answer.status == 404:
            return None
        media_type, digest = _type(answer), answer.header("Docker-Content-Digest")
        length = answer.header("Content-Length") or ""
        if media_type and length.isdigit() and is_digest(digest or reference.digest):
            digest = cast("str", digest or reference.digest)
            self._check(reference, digest)
            return Descriptor(media_type, digest, int(length))
        _, content = self._content(self._manifest("GET", reference, name, step))
        if content is None:
            return None
        self._check(reference, digest_of(content))
        return Descriptor(media_type_of(content, str(reference)), digest_of(content), len(content))

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """The manifest or index with this digest, checked against it."""
        _, content = self._content(self._manifest("GET", reference, digest, f"read the manifest {digest}"))
        if content is None:
            raise RegistryError(f"there is no manifest {digest}", where=str(reference))
        if digest_of(content) != digest:
            raise RegistryError(
                f"the registry answers with {digest_of(content)} when it is asked for {digest}",
                where=str(reference),
                hint="it, or something on the way, is broken; nothing of it was used",
            )
        return content

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """All tags, sorted; none for a repository that is not there. Raises RegistryError."""
        found: set[str] = set()
        step, url = "list the tags", self._url(reference, "tags/list?n=1000")
        while url and len(found) < _MOST_TAGS:
            answer, content = self._content(self._request("GET", reference, url, step, answers=_ABSENT))
            if content is None:
                break
            try:
                names = json.loads(content).get("tags") or []
                found.update(name for name in names if isinstance(name, str))
            except (ValueError, AttributeError, TypeError, RecursionError):
                raise RegistryError(f"cannot {step}: the answer is no list", where=reference.name) from None
            following = _NEXT.search(answer.header("Link") or "")
            url = urljoin(url, following[1]) if following and names else ""
        return tuple(sorted(found))

    def readable(self, reference: Reference) -> bool | None:
        """Whether a client like this one may read the repository; None where it cannot be told.

        An open registry lets everybody in, also where it has nothing yet; one that asks for a login first may hide what
        it has behind a 404. Raises RegistryError when it cannot be asked.
        """
        request = self._request(
            "GET", reference, self._url(reference, "tags/list?n=1"), "list the tags", answers=_ABSENT
        )
        try:
            answer = self._exchange.ask(request)
        except DeniedError:
            return False
        answer.close()
        if answer.status == 404 and self._exchange.challenged:
            return None
        return True

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes, which goes on where it was when the connection breaks off."""
        request = self._request(
            "GET", reference, self._url(reference, f"blobs/{descriptor.digest}"), f"read {descriptor.short}"
        )
        stream = cast("BinaryIO", Download(self._exchange, request, descriptor.size))
        return verified(stream, descriptor, f"{reference.name}: {descriptor.digest}")

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the registry has a blob, with the right size as far as it tells."""
        url = self._url(reference, f"blobs/{descriptor.digest}")
        step = f"look for {descriptor.short}"
        answer = self._exchange.ask(self._request("HEAD", reference, url, step, answers=_ABSENT))
        answer.close()
        length = answer.header("Content-Length") or ""
        return answer.status != 404 and (not length.isdigit() or int(length) == descriptor.size)

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the registry has a manifest."""
        return self.resolve(reference.with_digest(descriptor.digest)) is not None

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Upload a blob, unless it is there or can be mounted from another repository of this registry."""
        Upload(self._exchange, reference, blob).run(progress)

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Put a manifest, by tag where the reference has one.

        A registry cannot compare and move a tag in one step: what it names is read right before.
        """
        if expected is not UNCHECKED:
            found = self.resolve(reference)
            now = found.digest if found else None
            if now not in {expected, descriptor.digest}:
                raise RegistryError(
                    f"the tag names {now or 'nothing'} now",
                    where=str(reference),
                    hint="someone else pushes to it; make a new plan with: vddkctl plan",
                )
        name = reference.tag or descriptor.digest
        step = f"move the tag {name}" if reference.tag else f"put the manifest {descriptor.short}"
        answer = self._exchange.ask(
            Request(
                "PUT",
                self._url(reference, f"manifests/{quote(name, safe=':')}"),
                path_of(reference),
                (push(path_of(reference)),),
                step,
                str(reference),
                {"Content-Type": descriptor.media_type},
                content,
            )
        )
        answer.close()
        said = answer.header("Docker-Content-Digest")
        if is_digest(said) and said != descriptor.digest:
            raise RegistryError(
                f"the registry calls it {said}, not {descriptor.digest}", where=str(reference)
            )

    def _manifest(self, method: str, reference: Reference, name: str, step: str) -> Request:
        url = self._url(reference, f"manifests/{quote(name, safe=':')}")
        return self._request(method, reference, url, step, {"Accept": _ACCEPT}, answers=_ABSENT)

    def _request(
        self,
        method: str,
        reference: Reference,
        url: str,
        step: str,
        headers: dict[str, str] | None = None,
        *,
        answers: frozenset[int] = frozenset(),
    ) -> Request:
        path = path_of(reference)
        return Request(method, url, path, (pull(path),), step, str(reference), headers or {}, None, answers)

    def _url(self, reference: Reference, rest: str) -> str:
        return self._exchange.url(f"{path_of(reference)}/{rest}")

    def _content(self, request: Request) -> tuple[Answer, bytes | None]:
        """An answer with its whole body; None for what is not there."""
        answer, content = self._exchange.fetch(request, MAX_SIZE + 1)
        if len(content) > MAX_SIZE:
            raise RegistryError(
                f"cannot {request.step}: it is larger than {MAX_SIZE >> 20} MiB", where=request.where
            )
        return answer, None if answer.status == 404 else content

    def _check(self, reference: Reference, digest: str) -> None:
        if reference.digest not in {None, digest}:
            raise RegistryError(
                f"the registry answers with {digest} when it is asked for {reference.digest}",
                where=str(reference),
                hint="it, or something on the way, is broken; nothing of it was used",
            )


def _type(answer: Answer) -> str | None:
    media_type = (answer.header("Content-Type") or "").partition(";")[0].strip()
    return media_type if media_type in MANIFESTS or media_type in INDEXES else None
