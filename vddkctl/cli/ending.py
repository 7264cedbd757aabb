"""How a run ends: what becomes of its errors, of signals and of a reader who has left."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import typer

from vddkctl.cli.streams import drop_output, flush
from vddkctl.errors import Interrupted, VddkctlError
from vddkctl.signals import STOPPING

_AGAIN = 0.05
"""Seconds until a signal that was lost comes again."""


def deafen() -> None:
    """Heed no more signals: the run ends already, and what is left is short. ``timeout`` sends each signal twice."""
    left = list(STOPPING)
    while left:
        with contextlib.suppress(KeyboardInterrupt):
            signal.signal(left[-1], signal.SIG_IGN)
            left.pop()


def exit_code(run: Callable[[], Any]) -> int:
    """Run a command, say what went wrong, and give the exit code."""
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores one of them
            signal.signal(number, signal.default_int_handler)
    try:
        with _lost_signals_again():
            code = _run(run)
            flush()
        return code
    except BrokenPipeError:
        drop_output()
        return 1
    except VddkctlError as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _failed(Interrupted("interrupted"))


@contextlib.contextmanager
def _lost_signals_again() -> Iterator[None]:
    """Python drops what is raised while it cleans up, or looks for a module: a signal that came then comes again."""
    before, again = sys.unraisablehook, list[threading.Timer]()

    def lost(what: Any) -> None:
        if what.exc_type is None or not issubclass(what.exc_type, KeyboardInterrupt):
            before(what)
            return
        waiting = len(again)
        while len(again) == waiting:  # ``timeout`` sends each signal twice
            with contextlib.suppress(KeyboardInterrupt):
                again.append(_sent_soon())

    sys.unraisablehook = lost
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in again:
            timer.cancel()
            timer.join()


def _sent_soon() -> threading.Timer:
    main = threading.main_thread().ident or 0
    heard = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]

    def send() -> None:
        for number in heard[:1]:
            signal.pthread_kill(main, number)

    timer = threading.Timer(_AGAIN, send)
    timer.daemon = True
    timer.start()
    return timer


def _run(run: Callable[[], Any]) -> int:
    try:
        code = run()
    except VddkctlError as error:
        return _failed(error)
    except typer.Abort:
        return _failed(Interrupted("interrupted"))
    except BrokenPipeError:
        raise
    except Exception as error:
        return _usage(error) or _bug(error)
    return code if isinstance(code, int) else 0


def _failed(error: VddkctlError) -> int:
    if isinstance(error, Interrupted):
        deafen()
        _say(f"{str(error).capitalize()}.")
    else:
        _say(f"{'' if _has_places(error) else 'Error: '}{error}")
    return error.exit_code


def _usage(error: Exception) -> int | None:
    """64 for a mistake on the command line, which typer knows as one of its own errors."""
    message_of = getattr(error, "format_message", None)
    if message_of is None:
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "vddkctl"
    message = message_of().replace("Value error, ", "")  # pydantic's words, by way of typer
    if message.startswith("Usage: "):  # nothing was typed behind a group of commands
        _say(message)
    else:
        _say(f"Error: {message}\n  See: {path} --help")
    return 64


def _bug(error: Exception) -> int:
    if _wants_traceback(sys.argv[1:]):
        import traceback

        _say("".join(traceback.format_exception(error)).rstrip())
    what = f"this is a mistake in vddkctl: {type(error).__name__}: {error}"
    hint = "" if _wants_traceback(sys.argv[1:]) else "\n  Run it again with -vv for details."
    _say(f"Error: {what}{hint}")
    return 1


def _wants_traceback(words: list[str]) -> bool:
    counted = sum(len(word) - 1 for word in words if re.fullmatch("-v+", word)) + words.count("--verbose")
    return counted > 1 or any(re.fullmatch("(-v|--verbose)=[2-9]", word) for word in words)


def _has_places(error: VddkctlError) -> bool:
    from vddkctl.site.diagnostic import SpecError

    return isinstance(error, SpecError)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
