"""Programs of others that work for us: run, listened to, and stopped when we are."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from vddkctl.errors import BuildError

KEPT = 20
"""How many of a program's last lines an error tells."""
_WIDTH = 300
"""How many characters of each: some tell all that they know of an image in one."""
_FULL = "no space left on device"
_PATIENCE = 5.0
"""Seconds that a program has to end by itself when it is asked to."""


class Program(Struct, frozen=True):
    """A program and the environment that it runs in."""

    name: str
    environment: Mapping[str, str]

    def run(self, words: Sequence[str], what: str, heard: Callable[[str], None] = lambda line: None) -> str:
        """Run it to its end, and give what it wrote; ``heard`` gets each line as it comes.

        Raises BuildError with its last lines: ``what`` says what was tried. It does not outlive this call.
        """
        try:
            process = subprocess.Popen(
                [self.name, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise BuildError(f"{self.name} cannot be run: {error.strerror}", where=what) from None
        assert process.stdout
        lines: deque[str] = deque(maxlen=10_000)
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                heard(lines[-1])
            code = process.wait()
        except BaseException:
            _stop(process)
            raise
        finally:
            process.stdout.close()
        if code:
            raise self._failed(words[0], code, lines, what)
        return "\n".join(lines)

    def _failed(self, word: str, code: int, lines: Sequence[str], what: str) -> BuildError:
        name = self.name.rpartition("/")[2]
        last = "".join(f"\n    {_short(line)}" for line in list(lines)[-KEPT:])
        full = any(_FULL in line.lower() for line in lines)
        why = " since a disk is full" if full else ""
        return BuildError(
            f"{name} {word} failed{why} with exit code {code}{last and f':{last}'}",
            where=what,
            hint=f"make room where {name} keeps its images, and where the build folder is" if full else "",
        )


def _short(line: str) -> str:
    """Its beginning, and the end, where the reason stands."""
    half = _WIDTH // 2
    return line if len(line) <= _WIDTH else f"{line[:half]} … {line[-half:]}"


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
    except BaseException:  # a second Ctrl-C
        process.kill()
        raise
    finally:
        process.wait()
