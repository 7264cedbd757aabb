"""JSON into our types, from several threads.

msgspec learns a type when it first reads one, and keeps what it has learned with the type, before it is whole. Another
thread that reads the same type at that moment crashes the process. So types are learned one at a time; reading needs no
lock.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

from msgspec.json import Decoder

T = TypeVar("T")

_lock = Lock()
_known: dict[Any, Decoder[Any]] = {}


def decoded(data: bytes, of: type[T]) -> T:
    """Read JSON. Raises msgspec.MsgspecError for what is none, or is no such thing."""
    decoder = _known.get(of)
    if decoder is None:
        with _lock:
            decoder = _known.setdefault(of, Decoder(of))
    found: T = decoder.decode(data)
    return found
