"""Faults in which a registry's answer arrives, and is not what the registry said."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from urllib.parse import urlsplit

from tests.support.exchange import Exchange, Headers
from tests.support.faults import ALWAYS, Fault, drop


@dataclass(frozen=True, slots=True)
class AnswerHeaders(Fault):
    """Headers of the answer are other ones; the value ``None`` takes one away."""

    _: KW_ONLY
    changed: Mapping[str, str | None]

    def act(self, exchange: Exchange) -> None:
        new = [(name, value) for name, value in self.changed.items() if value is not None]
        exchange.send()
        exchange.receive(lambda headers: [*drop(headers, *self.changed), *new])
        exchange.pass_on()


@dataclass(frozen=True, slots=True)
class WrongDigest(Fault):
    """The answer's Docker-Content-Digest is that of something else."""

    def act(self, exchange: Exchange) -> None:
        changed = {"Docker-Content-Digest": f"sha256:{'0' * 64}"}
        AnswerHeaders(self.method, self.path, changed=changed).act(exchange)


@dataclass(frozen=True, slots=True)
class OtherBytes(Fault):
    """One byte of the answer's body is another one."""

    _: KW_ONLY
    at: int = 0

    def act(self, exchange: Exchange) -> None:
        def change(data: bytes, start: int) -> bytes:
            place = self.at - start
            if not 0 <= place < len(data):
                return data
            return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

        exchange.send()
        exchange.receive()
        exchange.pass_on(change=change)


@dataclass(frozen=True, slots=True)
class ShortAnswer(Fault):
    """The answer's body lacks its end, and Content-Length agrees with that."""

    _: KW_ONLY
    missing: int = 1

    def act(self, exchange: Exchange) -> None:
        def shorter(headers: Headers) -> Headers:
            length = str(exchange.size - self.missing)
            return [*drop(headers, "Content-Length"), ("Content-Length", length)]

        exchange.send()
        exchange.receive(shorter)
        exchange.pass_on(exchange.size - self.missing)
        exchange.drop()


@dataclass(frozen=True, slots=True)
class Location(Fault):
    """The address that an answer names is written another way: ``absolute``, ``path`` or ``relative``."""

    _: KW_ONLY
    style: str
    host: str = ""
    """For absolute ones: the host that is named, if it is not the proxy."""
    query: str = ""
    """Added to the address."""
    times: int = ALWAYS

    def act(self, exchange: Exchange) -> None:
        exchange.send()
        exchange.receive(lambda headers: [self._other(pair, exchange) for pair in headers])
        exchange.pass_on()

    def _other(self, pair: tuple[str, str], exchange: Exchange) -> tuple[str, str]:
        if pair[0].lower() != "location":
            return pair
        seen, address = exchange.seen, urlsplit(pair[1])
        base = {
            "absolute": f"{exchange.scheme}://{self.host or seen.headers['host']}{address.path}",
            "path": address.path,
            "relative": posixpath.relpath(address.path, posixpath.dirname(seen.path.partition("?")[0])),
        }[self.style]
        query = "&".join(filter(None, [address.query, self.query]))
        return pair[0], f"{base}?{query}" if query else base
