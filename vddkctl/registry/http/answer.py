"""What a server answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_BLOCK = 256 * 1024
_WORTH = 256 * 1024
"""Bytes that are read and dropped to keep a connection; more of them cost more than a new one."""

WORDS = 64 * 1024
"""Bytes of an answer that only says why something is not done."""


class Answer:
    """A status, headers, and a body that is still to be read. Load it, close it, or read it to the end."""

    def __init__(self, response: BaseHTTPResponse, url: str, authorization: str | None = None) -> None:
        self.status = response.status
        self.url = url
        self.authorization = authorization
        """The header that the request had."""
        self.content = b""
        """The body, once it is loaded."""
        self._response = response

    @property
    def done(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """A header; several of one name are joined by commas."""
        return self._response.headers.get(name)

    def headers(self, name: str) -> list[str]:
        """Each header of this name."""
        return list(self._response.headers.getlist(name))

    @property
    def length(self) -> int | None:
        """What ``Content-Length`` says, also of a body that is not sent (HEAD)."""
        text = self.header("Content-Length") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    def read(self, count: int) -> bytes:
        """Some bytes of the body, empty at its end. Raises :class:`Fault` when it breaks off."""
        import urllib3

        try:
            return self._response.read(count)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            from vddkctl.registry.http.network_fault import fault_of

            raise fault_of(error, self.url) from None

    def load(self, most: int) -> Answer:
        """Keep the body, at most ``most`` bytes of it, as ``content``, and close. Raises :class:`Fault`."""
        parts: list[bytes] = []
        left = most
        try:
            while left > 0 and (part := self.read(min(left, _BLOCK))):
                parts.append(part)
                left -= len(part)
        finally:
            self.close()
        self.content = b"".join(parts) or self.content
        return self

    def close(self) -> None:
        """Give the connection back, or end it where much of a body is left unread."""
        left = self._response.length_remaining
        if left is not None and left <= _WORTH:
            self._response.drain_conn()
        else:
            self._response.close()
        self._response.release_conn()
