"""A blob on its way into a registry (OCI distribution specification 1.1, "Pushing blobs").

It is there already, or another repository of the registry has it (mount), or it is sent in one piece. Only after a
refusal of its size or a connection that broke off it goes in chunks, from where the registry stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.http.authorization import Scopes, pull, push
from vddkctl.registry.http.exchange import Body, Exchange, Request
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.patience import AGAIN
from vddkctl.registry.http.refusal import codes, name_of, refusal
from vddkctl.registry.http.span import Sent, Span
from vddkctl.registry.http.wire import Answer

_CHUNK = 4 * 1024 * 1024
"""GitHub's registry takes no larger one."""
_SMALLEST = 64 * 1024
_NOT_MOUNTED = frozenset({400, 404, 405})
_UNDERSTOOD = AGAIN | {400, 401, 404, 413, 416}
_MOST_LOGINS = 2
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")


@dataclass(slots=True)
class _Session:
    """An upload that the registry keeps open. ``chunk``: bytes of the next piece; None sends all that is left."""

    url: str
    offset: int = 0
    chunk: int | None = None


class Upload:
    """Puts one blob. Nothing of it counts until the registry has checked its digest."""

    def __init__(self, exchange: Exchange, reference: Reference, blob: Blob) -> None:
        self._exchange = exchange
        self._reference = reference
        self._blob = blob
        self._path = path_of(reference)
        self._sent = Sent()
        self._failures = 0
        self._logins = 0
        self._largest = _CHUNK

    def run(self, progress: Progress) -> None:
        """Upload it, unless it is there. Raises RegistryError, and what reading the blob raises."""
        descriptor = self._blob.descriptor
        with progress.task(f"push {descriptor.short}", descriptor.size) as task:
            self._sent = Sent(task)
            if not self._there():
                session = self._begin()
                while session is not None:
                    session = self._go_on(session)
            self._sent.reach(descriptor.size)

    def _there(self) -> bool:
        descriptor = self._blob.descriptor
        url = self._exchange.url(f"{self._path}/blobs/{descriptor.digest}")
        answer = self._ask("HEAD", url, f"look for {descriptor.short}", answers=frozenset({404}))
        return answer.status != 404

    # --- where to send it ---------------------------------------------------------------------------------------

    def _begin(self) -> _Session | None:
        """An upload; None when the blob was mounted instead."""
        url = self._exchange.url(f"{self._path}/blobs/uploads/")
        source = self._mountable()
        if source is not None:
            scopes = (push(self._path), pull(source))
            query = f"?mount={quote(self._blob.descriptor.digest, safe=':')}&from={quote(source)}"
            try:
                answer = self._ask("POST", url + query, self._step("mount"), scopes, _NOT_MOUNTED)
            except DeniedError:  # perhaps of the other repository alone
                answer = None
            if answer is not None and answer.status == 201:
                return None
            if answer is not None and answer.status == 202:
                return self._session(answer, url)
        answer = self._ask("POST", url, self._step("begin to upload"))
        return self._session(answer, url)

    def _mountable(self) -> str | None:
        """The other repository of this registry that has the blob."""
        source = self._blob.source
        if not isinstance(source, RegistryBlob) or source.reference.transport != "docker":
            return None
        path = path_of(source.reference)
        return path if source.reference.host == self._reference.host and path != self._path else None

    def _session(self, answer: Answer, url: str, chunk: int | None = None) -> _Session:
        location = answer.header("Location")
        if not location:
            raise RegistryError(
                f"cannot {self._step('upload')}: {name_of(answer.status)} without an address to send it to",
                where=str(self._reference),
            )
        least = answer.header("OCI-Chunk-Min-Length") or ""
        if least.isdigit():
            self._largest = max(self._largest, int(least))
        return _Session(urljoin(url, location), chunk=chunk)

    # --- sending ------------------------------------------------------------------------------------------------

    def _go_on(self, session: _Session) -> _Session | None:
        """Send the next piece; None when the registry has it all, else where to go on."""
        size = self._blob.descriptor.size
        end = size if session.chunk is None else min(size, session.offset + session.chunk)
        last = end == size
        request = self._piece(session, end, last=last)
        try:
            answer = self._exchange.ask(request)
        except Fault as fault:
            return self._recovered(session, fault)
        if answer.status in {201, 204} and last:
            answer.close()
            return None
        if 200 <= answer.status < 300 and not last:
            answer.close()
            self._failures = 0
            following = self._session(answer, session.url, session.chunk)
            following.offset = end
            return following
        return self._refused(session, request, answer)

    def _piece(self, session: _Session, end: int, *, last: bool) -> Request:
        """Bytes from the session's offset up to ``end``: a PATCH, or for the last of them a PUT that closes it."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(end - session.offset)}
        if session.chunk is not None and end > session.offset:
            headers["Content-Range"] = f"{session.offset}-{end - 1}"
        url = session.url
        if last:
            url += f"{'&' if '?' in url else '?'}digest={quote(self._blob.descriptor.digest, safe='')}"
        span = Span(self._blob, session.offset, end, self._sent)
        method, step = ("PUT" if last else "PATCH"), self._step("upload")
        return self._request(
            method, url, step, headers=headers, body=span.__iter__, answers=_UNDERSTOOD, repeat=False
        )

    def _refused(self, session: _Session, request: Request, answer: Answer) -> _Session | None:
        """Where to go on after an answer that is no success."""
        if (
            answer.status == 401
            and self._logins < _MOST_LOGINS
            and self._exchange.login_again(request, answer)
        ):
            self._logins += 1
            return self._where_it_stands(session)
        body = _words(answer)
        if answer.status == 413:
            return self._smaller(session, answer.status, body)
        if answer.status in AGAIN:
            asked = answer.header("Retry-After")
            return self._later(session, name_of(answer.status), self._refusal(answer.status, body), asked)
        if answer.status == 416:
            return self._later(session, "it stands elsewhere", self._refusal(answer.status, body))
        if answer.status == 404 or "BLOB_UPLOAD_UNKNOWN" in codes(body):
            error = self._refusal(answer.status, body)
            return self._later(None, "it has forgotten the upload", error)
        raise self._refusal(answer.status, body)

    def _recovered(self, session: _Session, fault: Fault) -> _Session | None:
        error = fault.error(self._step("upload"), str(self._reference), self._exchange.host)
        if not fault.passing:
            raise error from None
        return self._later(session, fault.what, error)

    def _smaller(self, session: _Session, status: int, body: bytes) -> _Session | None:
        chunk = self._largest if session.chunk is None else session.chunk // 2
        if chunk < _SMALLEST:
            raise self._refusal(status, body)
        session.chunk = chunk
        return self._where_it_stands(session)

    def _later(
        self, session: _Session | None, why: str, error: RegistryError, retry_after: str | None = None
    ) -> _Session | None:
        """Wait, and go on in chunks from where the registry stands; begin anew where it has forgotten.

        Raises ``error`` when it went wrong too often in a row.
        """
        self._failures += 1
        delay = self._exchange.patience.delay(self._failures, retry_after)
        if delay is None:
            raise error from None
        self._exchange.rest(delay, why)
        if session is None:
            return self._anew(self._largest)
        session.chunk = session.chunk or self._largest
        return self._where_it_stands(session)

    def _where_it_stands(self, session: _Session) -> _Session | None:
        """The registry's own count (distribution specification, "Get Blob Upload Status")."""
        answer = self._ask(
            "GET", session.url, self._step("ask for the upload of"), answers=frozenset({400, 404, 405})
        )
        if answer.status not in {200, 202, 204}:
            return self._anew(session.chunk)
        location = answer.header("Location")
        found = _RANGE.fullmatch((answer.header("Range") or "").strip())
        url = urljoin(session.url, location) if location else session.url
        # "0-0" is what registries say of no byte at all, and of one.
        offset = int(found[1]) + 1 if found and int(found[1]) else 0
        chunk = session.chunk or (self._largest if offset else None)
        return _Session(url, min(offset, self._blob.descriptor.size), chunk)

    def _anew(self, chunk: int | None) -> _Session | None:
        """Another upload, after one that is gone; perhaps because it went through, and only the answer was lost."""
        if self._there():
            return None
        url = self._exchange.url(f"{self._path}/blobs/uploads/")
        answer = self._ask("POST", url, self._step("begin to upload"))
        return self._session(answer, url, chunk)

    # --- asking -------------------------------------------------------------------------------------------------

    def _ask(
        self, method: str, url: str, step: str, scopes: Scopes = (), answers: frozenset[int] = frozenset()
    ) -> Answer:
        """The answer to a request without a body."""
        headers = {"Content-Length": "0"} if method == "POST" else {}
        answer = self._exchange.ask(
            self._request(method, url, step, scopes=scopes, headers=headers, answers=answers)
        )
        answer.close()
        return answer

    def _request(
        self,
        method: str,
        url: str,
        step: str,
        *,
        headers: dict[str, str],
        answers: frozenset[int],
        scopes: Scopes = (),
        body: Body | None = None,
        repeat: bool = True,
    ) -> Request:
        scopes = scopes or (push(self._path),)
        return Request(
            method, url, self._path, scopes, step, str(self._reference), headers, body, answers, repeat
        )

    def _step(self, verb: str) -> str:
        return f"{verb} {self._blob.descriptor.short}"

    def _refusal(self, status: int, body: bytes) -> RegistryError:
        user = self._exchange.login_name(self._path)
        if "DIGEST_INVALID" in codes(body):
            return RegistryError(
                f"cannot {self._step('upload')}: the registry got other bytes than those it was made of",
                where=str(self._reference),
                hint="something writes to the archive, or breaks the connection's bytes; run again",
            )
        return refusal(status, body, step=self._step("upload"), where=str(self._reference), user=user)


def _words(answer: Answer) -> bytes:
    try:
        return answer.whole(64 * 1024)
    except Fault:
        return b""
