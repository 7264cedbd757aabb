"""Running a small program that is asked one thing, without waiting for ever and without swallowing all it says."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import subprocess

_MOST = 1024 * 1024
"""Bytes of each output."""


class Answer(Struct, frozen=True):
    """How a program ended: its exit code (negative: the signal that ended it), standard output and standard error."""

    code: int
    out: bytes
    err: bytes


class EndlessError(Exception):
    """The program says more than any answer could be."""


def run(words: Sequence[str], question: bytes, environment: Mapping[str, str], timeout: float) -> Answer:
    """Start a program, give it ``question`` (short enough for a pipe) on standard input, and wait for its end.

    Raises TimeoutError after ``timeout`` seconds, EndlessError, and OSError when it cannot be started. A program that
    has not ended by then is killed.
    """
    import subprocess
    import time

    end = time.monotonic() + timeout
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(environment)
    ) as process:
        try:
            _put(process, question)
            out, err = _outputs(process, end)
            return Answer(process.wait(max(0.0, end - time.monotonic())), out, err)
        except subprocess.TimeoutExpired:
            process.kill()
            raise TimeoutError from None
        except BaseException:
            process.kill()
            raise


def _put(process: subprocess.Popen[bytes], question: bytes) -> None:
    assert process.stdin is not None
    with process.stdin, contextlib.suppress(BrokenPipeError):  # It does not care what it is asked.
        process.stdin.write(question)


def _outputs(process: subprocess.Popen[bytes], end: float) -> tuple[bytes, bytes]:
    """Both outputs, up to their ends. ``communicate`` would keep them whatever their size."""
    import selectors
    import time

    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 64 * 1024)
                key.data.extend(chunk)
                if len(key.data) > _MOST:
                    raise EndlessError
                if not chunk:
                    selector.unregister(key.fileobj)
    return bytes(out), bytes(err)
