"""The requests of an upload (OCI distribution specification 1.1, "Pushing blobs")."""

from __future__ import annotations

import re
from urllib.parse import quote

from msgspec import Struct

from vddkctl.errors import DeniedError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.registry.http.answer import Answer
from vddkctl.registry.http.exchange import Body, Exchange, Request
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.patience import AGAIN
from vddkctl.registry.http.purpose import Purpose, to_write
from vddkctl.registry.http.refusal import name_of

_NOT_MOUNTED = frozenset({400, 404, 405, 500, 501, 502, 503, 504})
_UNDERSTOOD = AGAIN | {400, 401, 404, 413, 416}
_NO_STATUS = frozenset({400, 403, 404, 405, 410, 416, 500, 501, 502, 503, 504})
_DIGITS = 19
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")


class Session(Struct, frozen=True):
    """An upload that the registry keeps open: where the next bytes go, and how many it has.

    ``least``: it takes no smaller piece, but for the last one. 0: it does not say.
    """

    url: str
    offset: int = 0
    least: int = 0


class Sessions:
    """Asks for what an upload of one blob takes. What to make of the answers is for the caller."""

    def __init__(self, exchange: Exchange, reference: Reference, descriptor: Descriptor) -> None:
        self.purpose = to_write(reference, f"upload {descriptor.short}")
        self._exchange = exchange
        self._reference = reference
        self._descriptor = descriptor
        self._url = exchange.url(f"{path_of(reference)}/blobs/uploads/")

    def begin(self, source: str | None = None) -> Session | None:
        """A new upload; None when the blob was mounted from the repository ``source`` instead."""
        if source is not None:
            answer = self._mount(source)
            if answer is not None and answer.status in {201, 204}:
                return None
            if answer is not None and answer.done:
                return self._session(answer, Session(self._url), 0)
        answer = self._ask(
            "POST", self._url, to_write(self._reference, f"begin to upload {self._descriptor.short}")
        )
        return self._session(answer, Session(self._url), 0)

    def send(self, session: Session, body: Body, end: int, *, whole: bool) -> Answer:
        """Bytes from the session's offset to ``end``: as the ``whole`` blob, or as a piece of it.

        Raises :class:`~vddkctl.registry.http.fault.Fault`, and RegistryError for an answer that means the end.
        """
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(end - session.offset)}
        if not whole:
            headers["Content-Range"] = f"{session.offset}-{end - 1}"
            # What breaks a long connection is then met between two pieces, and not in the middle of one.
            headers["Connection"] = "close"
        url = self._closing(session) if whole else session.url
        method = "PUT" if whole else "PATCH"
        return self._exchange.ask(
            Request(method, url, self.purpose, headers, body, _UNDERSTOOD, repeat=False)
        )

    def close(self, session: Session) -> Answer:
        """Say that the pieces are all. Raises as :meth:`send`."""
        headers = {"Content-Length": "0"}
        request = Request(
            "PUT", self._closing(session), self.purpose, headers, None, _UNDERSTOOD, repeat=False
        )
        return self._exchange.ask(request)

    def after(self, answer: Answer, session: Session, end: int) -> Session:
        """The session once a piece that ends at ``end`` was taken."""
        return self._session(answer, session, end)

    def found(self, session: Session) -> Session | None:
        """The session as the registry counts it (the same, "Get Blob Upload Status"); None when it is not there."""
        purpose = to_write(self._reference, f"ask for the upload of {self._descriptor.short}")
        answer = self._ask("GET", session.url, purpose, _NO_STATUS)
        if not answer.done:
            return None
        found = _RANGE.fullmatch((answer.header("Range") or "").strip())
        # "0-0" is what registries say of no byte at all, and of one.
        return self._session(answer, session, int(found[1]) + 1 if found and int(found[1]) else 0)

    def _mount(self, source: str) -> Answer | None:
        query = f"?mount={quote(self._descriptor.digest, safe=':')}&from={quote(source)}"
        purpose = to_write(self._reference, f"mount {self._descriptor.short}", source)
        try:
            return self._ask("POST", self._url + query, purpose, _NOT_MOUNTED)
        except DeniedError:  # perhaps of the other repository alone
            return None

    def _closing(self, session: Session) -> str:
        digest = quote(self._descriptor.digest, safe="")
        return f"{session.url}{'&' if '?' in session.url else '?'}digest={digest}"

    def _session(self, answer: Answer, before: Session, offset: int) -> Session:
        location = answer.header("Location")
        if location:
            url = self._exchange.target(self.purpose, answer.url, location)
        elif before.url != self._url:
            url = before.url
        else:
            what = f"{name_of(answer.status)} without an address to send it to"
            raise self.purpose.failed(what, hint="is that a registry?")
        least = answer.header("OCI-Chunk-Min-Length") or ""
        known = least.isascii() and least.isdigit() and len(least) < _DIGITS
        return Session(url, offset, int(least) if known else before.least)

    def _ask(self, method: str, url: str, purpose: Purpose, answers: frozenset[int] = frozenset()) -> Answer:
        headers = {"Content-Length": "0"} if method == "POST" else {}
        answer = self._exchange.ask(Request(method, url, purpose, headers, answers=answers))
        answer.close()
        return answer
