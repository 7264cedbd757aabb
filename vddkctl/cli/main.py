"""The command line: all commands, and what their errors become.

Nothing heavy is imported here: each command brings what it needs when it runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import typer

from vddkctl.cli import apply, archive, demo, drift, explain, init, plan, schema, show, validate, version
from vddkctl.errors import VddkctlError

EPILOG = (
    "Exit codes: 0 done; 1 failed; 2 changes are pending (plan --detailed-exitcode); 3 drift; "
    "4 apply did a part; 64 wrong command line; 130 interrupted."
)

app = typer.Typer(
    name="vddkctl",
    help="VDDK images and settings for Forklift, declared in one file: plan, apply, drift.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (init, demo, validate, plan, apply, show, drift, explain, schema, version):
    app.command(_command.NAME)(_command.run)
app.add_typer(archive.app, name="archive")


def main() -> None:
    """Run the command line and leave with its exit code."""
    raise SystemExit(_code(lambda: app(standalone_mode=False)))


def _code(run: Callable[[], Any]) -> int:
    # A CI system that stops a job sends SIGTERM: what was done is recorded then, as with Ctrl-C.
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = run()
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except VddkctlError as error:
        _say(f"{'' if _has_place(error) else 'Error: '}{error}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _say("Interrupted.")
        return 130
    except BrokenPipeError:
        # The reader of a pipe has left; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _usage(error) or _bug(error)


def _usage(error: Exception) -> int | None:
    """64 for a mistake on the command line, which typer knows as one of its own errors."""
    show = getattr(error, "format_message", None)
    if show is None:
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "vddkctl"
    message = show()
    if message:
        _say(f"Error: {message}\n  See: {path} --help")
    return 64


def _bug(error: Exception) -> int:
    if "-vv" in sys.argv:
        raise error
    _say(
        f"Error: this is a mistake in vddkctl: {type(error).__name__}: {error}\n  Run it again with -vv for details."
    )
    return 1


def _has_place(error: VddkctlError) -> bool:
    from vddkctl.site.diagnostic import SpecError

    return isinstance(error, SpecError)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)  # noqa: T201


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
