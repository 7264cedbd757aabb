"""Whether a command leaves the libraries where they are looked for: ``/opt/vmware-vix-disklib-distrib``. Pure.

Forklift and CDI start the image as an init container with an empty folder at ``/opt``, and say nothing of a command.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence

from vddkctl.vddk.archive import ROOT

SOURCE = f"/{ROOT}"
TARGET = "/opt"

_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_SCRIPTS = frozenset({"-c", "-ec", "-ce", "-xc", "-exc", "-lc"})
_LONG = {
    "--archive": "a",
    "--recursive": "r",
    "--no-target-directory": "T",
    "--link": "l",
    "--symbolic-link": "s",
    "--update": "u",
    "--verbose": "v",
    "--force": "f",
    "--no-dereference": "P",
    "--dereference": "L",
    "--no-clobber": "n",
}
_KNOWN = frozenset("aArRdpPLHTvfnuxlsi")
_ANYWHERE = _KNOWN | frozenset("bDFStZ")
"""And what there is besides in GNU's cp, busybox's or toybox's."""
_DEMANDS = frozenset({"xattr", "context"})
"""What cp fails for when it cannot preserve it."""

_LONGEST = 4096
"""Characters of a script that is looked into."""

_OPERATORS = re.compile(r"[;&|<>`$()\n*?{}~\\]")


class Unclear(Exception):  # noqa: N818 - it is no mistake
    """A command that cannot be judged without running it. Its text says why."""


def fault_of(command: Sequence[str], folder: str) -> str | None:
    """Why a command does not do it; None when it does. ``folder`` is the one it starts in.

    Raises Unclear.
    """
    words = _plain(command)
    name = posixpath.basename(words[0])
    if name in _SHELLS and len(words) == 1:
        return "it is a shell, which copies nothing"
    if name != "cp":
        raise Unclear(f"whether {name} copies the libraries cannot be told without running it")
    return _fault(words[1:], folder)


def programs_of(command: Sequence[str]) -> list[str]:
    """The programs that have to be there for it, as far as that can be told."""
    try:
        words = _plain(command)
    except Unclear:
        return [command[0]]
    return [command[0], words[0]] if _is_shell(command) else [command[0]]


def _plain(command: Sequence[str]) -> list[str]:
    """The command itself, where a shell or busybox starts it. Raises Unclear."""
    if _is_shell(command):
        return _parsed(command[2])
    if posixpath.basename(command[0]) == "busybox" and len(command) > 1:
        return list(command[1:])
    return list(command)


def _is_shell(command: Sequence[str]) -> bool:
    """Whether it is a shell that is given a script."""
    return posixpath.basename(command[0]) in _SHELLS and len(command) >= 3 and command[1] in _SCRIPTS


def _parsed(text: str) -> list[str]:
    """The words of a script that is one simple command."""
    script = text.strip().removeprefix("exec ")
    if len(script) > _LONGEST or _OPERATORS.search(script):
        raise Unclear("it is a script of the shell, which is not looked into")
    try:
        words = shlex.split(script)
    except ValueError:
        words = []
    if not words:
        raise Unclear("it is a script of the shell, which is not looked into")
    return words


def _fault(words: list[str], folder: str) -> str | None:
    options = words[: words.index("--")] if "--" in words else words
    for word in options:
        if word[:1] == "-" and word[:2] != "--" and (strange := {*word[1:]} - _ANYWHERE):
            return f"no cp knows -{min(strange)}"
    flags, operands, named = _arguments(words)
    places = [posixpath.normpath(posixpath.join(folder or "/", operand)) for operand in operands]
    contents = {place for place, word in zip(places, operands, strict=True) if word.endswith("/.")}
    if named is None and len(places) < 2:
        return f"cp needs {SOURCE} and {TARGET}"
    target = places.pop() if named is None else posixpath.normpath(posixpath.join(folder or "/", named))
    if SOURCE not in places:
        return f"it does not copy {SOURCE}"
    if not flags & {"r", "R", "a"}:
        return "it does not copy folders: cp needs -r"
    if flags & {"l", "s"}:
        return "it makes links, which lead nowhere in another container"
    if "T" in flags and (named is not None or len(places) > 1):
        return "cp takes one source and one target with -T, and refuses this"
    whole, there = "T" not in flags and SOURCE not in contents, named is not None or len(places) > 1
    if target not in _right(whole=whole, there=there):
        return f"it does not copy to {TARGET}/{ROOT}"
    if others := [place for place in places if place != SOURCE]:
        raise Unclear(f"cp fails unless {', '.join(others)} can be copied as well, which is not looked into")
    return None


def _right(*, whole: bool, there: bool) -> set[str]:
    """The targets that are right: for the folder itself, or for what is in it, as with -T or ``folder/.``.

    ``there``: it must be there already, and of these only the empty folder of the cluster's is.
    """
    new = set() if there else {f"{TARGET}/{ROOT}"}
    return new | {TARGET} if whole else new


def _arguments(words: list[str]) -> tuple[set[str], list[str], str | None]:
    """Flags, operands, and the target where an option names it."""
    flags: set[str] = set()
    operands: list[str] = []
    target = None
    waiting = iter(words)
    for word in waiting:
        option, equals, value = word.partition("=")
        if word == "--":
            operands += waiting
        elif word == "-t" or option == "--target-directory":
            target = value if equals else next(waiting, "")
        elif option in ("--preserve", "--no-preserve", "--reflink") and not {*value.split(",")} & _DEMANDS:
            continue
        elif option in _LONG and not equals:
            flags.add(_LONG[option])
        elif word.startswith("-") and word != "-":
            if not {*word[1:]} <= _KNOWN:
                raise Unclear(f"what cp does with {word} is not known here")
            flags |= {*word[1:]}
        else:
            operands.append(word)
    return flags, operands, target
