"""A blob on its way into a registry, whatever happens on the way.

Another repository of the registry has it (mount), or it is sent in one piece. Only after a refusal of its size or a
connection that broke off it goes in pieces, from where the registry stands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.http.answer import Answer
from vddkctl.registry.http.exchange import Exchange
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.patience import AGAIN
from vddkctl.registry.http.refusal import name_of
from vddkctl.registry.http.session import Session, Sessions
from vddkctl.registry.http.span import Sent, Spans
from vddkctl.registry.http.words import codes

_PIECE = 4 * 1024 * 1024
"""GitHub's registry takes no larger one."""
_SMALLEST = 64 * 1024
_MOST_LOGINS = 2
_INVALID = frozenset({"DIGEST_INVALID", "BLOB_UPLOAD_INVALID"})
"""The second one is Quay's for a wrong digest, and for a trouble of its own."""


class Upload:
    """Puts one blob. Nothing of it counts until the registry has checked its digest.

    ``there`` tells whether the registry has it.
    """

    def __init__(
        self, exchange: Exchange, reference: Reference, blob: Blob, there: Callable[[], bool]
    ) -> None:
        self._exchange = exchange
        self._reference = reference
        self._blob = blob
        self._there = there
        self._sessions = Sessions(exchange, reference, blob.descriptor)
        self._piece: int | None = None  # bytes at a time; None: all at once
        self._furthest = 0
        self._failures = 0  # since it was as far as that
        self._logins = 0
        self._invalid = False  # it was called wrong before
        self._doubtful = False  # it goes on from where the registry said, and not all of them count well

    def run(self, progress: Progress) -> None:
        """Upload it, unless it is there. Raises RegistryError, and what reading the blob raises."""
        descriptor = self._blob.descriptor
        with progress.task(f"push {descriptor.short}", descriptor.size) as task:
            sent = Sent(task)
            with Spans(self._blob, sent) as spans:
                session = None if self._there() else self._sessions.begin(self._source())
                while session is not None:
                    session = self._further(session, spans)
            sent.reach(descriptor.size)

    def _source(self) -> str | None:
        """The other repository of this registry that has the blob."""
        source = self._blob.source
        if not isinstance(source, RegistryBlob) or source.reference.transport != "docker":
            return None
        path = path_of(source.reference)
        mountable = source.reference.host == self._reference.host and path != path_of(self._reference)
        return path if mountable else None

    def _further(self, session: Session, spans: Spans) -> Session | None:
        """One request further; None when the registry has it all."""
        size, start = self._blob.descriptor.size, session.offset
        closing = self._piece is not None and start >= size
        end = size if self._piece is None else min(size, start + self._piece)
        try:
            if closing:
                answer = self._sessions.close(session)
            else:
                whole = self._piece is None
                answer = self._sessions.send(session, partial(spans.span, start, end), end, whole=whole)
        except Fault as fault:
            return self._broken(session, fault)
        if not answer.done:
            return self._refused(session, answer, end - start)
        answer.close()
        if closing or self._piece is None:
            return None
        if end > self._furthest:
            self._furthest, self._failures, self._logins = end, 0, 0
        return self._sessions.after(answer, session, end)

    def _broken(self, session: Session, fault: Fault) -> Session | None:
        self._failures += 1
        delay = self._exchange.patience.after(fault, self._failures)
        if delay is None:
            raise fault.error(self._sessions.purpose, self._exchange.host) from None
        self._exchange.rest(delay, fault.what)
        self._piece = self._piece or max(_PIECE, session.least)
        return self._resumed(session)

    def _refused(self, session: Session, answer: Answer, length: int) -> Session | None:
        """Where to go on after an answer that is no success to ``length`` bytes."""
        if answer.status == 401 and self._logins < _MOST_LOGINS:
            self._logins += 1
            if self._exchange.login_again(self._sessions.purpose, answer):
                return self._resumed(session)
        error = self._exchange.refusal(self._sessions.purpose, answer)
        said = codes(answer.content)
        if answer.status == 413:
            self._piece = self._smaller(session, length, error)
            return self._resumed(session)
        if answer.status in AGAIN or (answer.status == 416 and not self._doubtful):
            self._wait(name_of(answer.status), error, answer.header("Retry-After"))
            return self._resumed(session)
        lost = answer.status == 404 or "BLOB_UPLOAD_UNKNOWN" in said
        invalid = bool(said & _INVALID)
        hiccup = invalid and not self._invalid and ("DIGEST_INVALID" not in said or self._piece is not None)
        if lost or hiccup or (self._doubtful and (invalid or answer.status == 416)):
            self._wait("it has forgotten the upload" if lost else "it begins anew", error)
            self._doubtful, self._invalid = False, self._invalid or invalid
            return self._anew()
        if invalid:
            raise self._sessions.purpose.failed(
                "the registry got other bytes than those it was made of",
                hint="something writes to the file it comes from; run again when that is done",
            )
        raise error

    def _smaller(self, session: Session, length: int, error: RegistryError) -> int:
        """How much to send at a time once ``length`` was too much."""
        most = max(_PIECE, session.least)
        piece = most if length > most else max(length // 2, session.least)
        if not _SMALLEST <= piece < length:
            raise error
        return piece

    def _resumed(self, session: Session) -> Session | None:
        """Go on from where the registry stands; anew where it has nothing, or has forgotten."""
        found = self._sessions.found(session)
        if found is None or not 0 < found.offset <= self._blob.descriptor.size:
            return self._anew()
        self._piece = self._piece or max(_PIECE, found.least)
        self._doubtful = True
        return found

    def _anew(self) -> Session | None:
        """Another upload; none when the last one went through, and only the answer was lost."""
        return None if self._there() else self._sessions.begin()

    def _wait(self, why: str, error: RegistryError, retry_after: str | None = None) -> None:
        """Wait, before another try. Raises ``error`` when it went wrong too often without getting further."""
        self._failures += 1
        delay = self._exchange.patience.delay(self._failures, retry_after)
        if delay is None:
            raise error from None
        self._exchange.rest(delay, why)
