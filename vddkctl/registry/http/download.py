"""A blob as a stream that goes on where it broke off."""

from __future__ import annotations

import io
from dataclasses import replace

from vddkctl.errors import RegistryError
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.wire import Answer

_BLOCK = 256 * 1024


class Download(io.RawIOBase):
    """The bytes that ``request`` asks for, ``size`` of them. What they are is for the reader to check.

    Reading raises RegistryError, when the registry has no such blob or its answers keep breaking off.
    """

    def __init__(self, exchange: Exchange, request: Request, size: int) -> None:
        self._exchange = exchange
        self._request = request
        self._size = size
        self._position = 0
        self._broken = 0
        self._answer: Answer | None = self._ask()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as bytes are at hand; 0 at the end."""
        while True:
            try:
                content = self._read(min(len(buffer), _BLOCK))
            except Fault as fault:
                self._again(fault)
                continue
            memoryview(buffer)[: len(content)] = content
            self._position += len(content)
            return len(content)

    def close(self) -> None:
        """Give the connection up."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None
        super().close()

    def _read(self, count: int) -> bytes:
        if self._answer is None:
            self._answer = self._ask()
        content = self._answer.read(count)
        if not content and self._position < self._size:
            raise Fault("the connection breaks off", hint="try again")
        if content:
            self._broken = 0
        return content

    def _again(self, fault: Fault) -> None:
        """Wait and go on, unless it breaks off time and again without a byte in between."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None
        self._broken += 1
        delay = self._exchange.patience.delay(self._broken, None)
        if delay is None or not fault.passing:
            raise fault.error(self._request.step, self._request.where, self._exchange.host) from None
        self._exchange.rest(delay, fault.what)

    def _ask(self) -> Answer:
        request, start = self._request, self._position
        if start:
            request = replace(request, headers={**request.headers, "Range": f"bytes={start}-"})
        answer = self._exchange.ask(request)
        if not start:
            return answer
        if answer.status == 206 and (answer.header("Content-Range") or "").startswith(f"bytes {start}-"):
            return answer
        if answer.status != 200:
            answer.close()
            raise RegistryError(
                f"cannot {request.step}: it does not go on where it broke off", where=request.where
            )
        _skip(answer, start)
        return answer


def _skip(answer: Answer, count: int) -> None:
    """For a registry that starts anew: what is known already is read and dropped."""
    while count > 0 and (part := answer.read(min(count, _BLOCK))):
        count -= len(part)
