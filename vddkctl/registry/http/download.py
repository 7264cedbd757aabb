"""A blob as a stream that goes on where it broke off."""

from __future__ import annotations

import io

from msgspec.structs import replace

from vddkctl.registry.http.answer import Answer
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.fault import Fault

_BLOCK = 256 * 1024
_WORTH = 1024 * 1024
"""Bytes that have to come between two breaks, or the breaks are counted as one series."""


class Download(io.RawIOBase):
    """The bytes that ``request`` asks for, ``size`` of them. What they are is for the reader to check.

    Reading raises RegistryError, when the registry has no such blob or its answers keep breaking off.
    """

    def __init__(self, exchange: Exchange, request: Request, size: int) -> None:
        self._answer: Answer | None = None
        self._exchange = exchange
        self._request = request
        self._size = size
        self._position = 0
        self._broken = 0
        self._broke_at = 0
        self._answer = exchange.ask(request)
        if self._answer.length not in {None, size}:
            self._drop()
            what = f"it is not {size} bytes long there, as its descriptor says"
            raise request.purpose.failed(what, hint="the registry, or something on the way, is broken")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as bytes are at hand; 0 at the end."""
        while True:
            try:
                content = self._read(min(len(buffer), _BLOCK))
            except Fault as fault:
                self._wait(fault)
                continue
            memoryview(buffer)[: len(content)] = content
            self._position += len(content)
            return len(content)

    def close(self) -> None:
        """Give the connection up."""
        self._drop()
        super().close()

    def _read(self, count: int) -> bytes:
        if self._answer is None:
            self._answer = self._ask_for_the_rest()
        try:
            content = self._answer.read(count)
        except Fault:
            if self._position < self._size:
                raise
            return b""  # all is here, and how the answer ends is of no interest
        if not content and self._position < self._size:
            raise Fault("the connection breaks off", hint="try again")
        return content

    def _wait(self, fault: Fault) -> None:
        """Wait before going on, unless it breaks off time and again without much in between."""
        self._drop()
        if self._position - self._broke_at >= _WORTH:
            self._broken = 0
        self._broken, self._broke_at = self._broken + 1, self._position
        delay = self._exchange.patience.after(fault, self._broken)
        if delay is None:
            raise fault.error(self._request.purpose, self._exchange.host) from None
        self._exchange.rest(delay, fault.what)

    def _ask_for_the_rest(self) -> Answer:
        start = self._position
        ranged = {**self._request.headers, "Range": f"bytes={start}-"} if start else self._request.headers
        answer = self._exchange.ask(replace(self._request, headers=ranged))
        if answer.status == 206 and (answer.header("Content-Range") or "").startswith(f"bytes {start}-"):
            return answer
        try:
            if answer.status != 200:
                raise self._request.purpose.failed("it does not go on where it broke off")
            _skip(answer, start)
        except BaseException:
            answer.close()
            raise
        return answer

    def _drop(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None


def _skip(answer: Answer, count: int) -> None:
    """For a registry that starts anew: what is known already is read and dropped."""
    while count > 0 and (part := answer.read(min(count, _BLOCK))):
        count -= len(part)
