"""Whether an image does its work as an init container: its user, its command, and the program that it starts."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from vddkctl.build.native import ENTRYPOINT, USER
from vddkctl.oci.config import Config
from vddkctl.oci.platform import Platform
from vddkctl.vddk.elf import ElfProbe
from vddkctl.verify.check import Check, failed, passed, warned
from vddkctl.verify.copying import Unclear, fault_of, programs_of
from vddkctl.verify.interpreter import interpreter, is_program
from vddkctl.verify.overlay import Overlay, Placed
from vddkctl.verify.secret_settings import holds_secret

_USUAL = shlex.join(ENTRYPOINT)
_BUILD_AGAIN = f"build the image again with ENTRYPOINT {list(ENTRYPOINT)!r} and no CMD".replace("'", '"')
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where runtimes look when the config names no PATH."""

_SHOWN = 300
"""Characters of a command that are told."""

_NUMBER = re.compile(r"(\d{1,10})(?::[\w.-]+)?", re.ASCII)


def running_checks(config: Config, overlay: Overlay | None, subject: str) -> Iterator[Check]:
    """Judge the config; ``overlay`` None stands for layers that could not be looked into."""
    yield _user(config, subject)
    command = command_of(config)
    yield _command(config, command, subject)
    for program in programs_of(command) if command else ():
        yield _program(program, config, overlay, subject)


def command_of(config: Config) -> list[str]:
    """What is started: the entrypoint, and the words of Cmd behind it."""
    return [*_words(config, "Entrypoint"), *_words(config, "Cmd")]


def _user(config: Config, subject: str) -> Check:
    user = config.runtime.get("User") or ""
    match = _NUMBER.fullmatch(user) if isinstance(user, str) else None
    if match and int(match[1]) > 0:
        return passed("user", subject, f"UID {user}{', the usual one' if user == USER else ''}")
    if user in ("", "root") or match:
        what = "it runs as root" if user else "it names no user, and so runs as root"
    else:
        what = f'its user "{user}" is no number: a cluster cannot tell that it is not root'
    return failed("user", subject, what, f"build the image again with USER {USER}")


def _command(config: Config, command: list[str], subject: str) -> Check:
    hidden, rest = holds_secret(command), _words(config, "Cmd")
    shown = "its command, which is not shown for what looks like a password" if hidden else _short(command)
    if not command:
        return failed(
            "entrypoint", subject, "it has neither entrypoint nor Cmd, and starts nothing", _BUILD_AGAIN
        )
    folder = config.runtime.get("WorkingDir")
    try:
        fault = fault_of(command, folder if isinstance(folder, str) else "/")
    except Unclear as unclear:
        why = "it is not judged" if hidden else str(unclear)[:_SHOWN]
        return warned("entrypoint", subject, f"{shown}: {why}", f"it is to do what this does: {_USUAL}")
    if fault:
        told = rest and _words(config, "Entrypoint") and not hidden
        also = f" (of it {_short(rest)} from Cmd)" if told else ""
        return failed("entrypoint", subject, f"{shown}{also}: {fault}", _BUILD_AGAIN)
    if rest:
        of_it = "" if hidden else f", of it {_short(rest)}"
        what = f"{shown}{of_it} from Cmd, which is easily replaced"
        return warned("entrypoint", subject, what, _BUILD_AGAIN)
    return passed("entrypoint", subject, shown)


def _program(name: str, config: Config, overlay: Overlay | None, subject: str) -> Check:
    """Whether the program is there, and anyone may run it."""
    hint = "put the archive on a base that has cp, as ubi-minimal or busybox do"
    if overlay is None:
        return failed(
            "program", subject, f"whether it has {name} cannot be told: no layer could be read", hint
        )
    program = program_of(name, config, overlay)
    if isinstance(program, str):
        return failed("program", subject, program, hint)
    path, found = program
    head = found.item.found.head
    if found.item.found.entry.kind == "file" and not is_program(head):
        what = "is no program" if found.item.found.entry.size else "is empty"
        return failed("program", subject, f"{path} {what}, and cannot be started", hint)
    needed = interpreter(head)
    if needed and overlay.find(needed) is None:
        return failed("program", subject, f"{path} needs {needed[:_SHOWN]}, which is not there", hint)
    return _for_machine(path, found.path, head, config.platform, subject)


def program_of(name: str, config: Config, overlay: Overlay) -> tuple[str, Placed] | str:
    """The path by which a program is started, and the file; or why there is none."""
    folder = config.runtime.get("WorkingDir")
    here = folder if isinstance(folder, str) and folder else "/"
    closed = ""
    for path in [posixpath.join(here, name)] if "/" in name else _candidates(name, config):
        found = overlay.find(path)
        if found is None or found.item.found.entry.kind not in ("file", "hardlink"):
            continue
        shut = next((each for way in (path, found.path) for each in overlay.shut(way)), None)
        if shut is not None:
            closed = closed or f"{path} lies in /{shut}, which others than its owner cannot enter"
        elif not found.item.found.entry.mode & 0o001:
            closed = closed or f"{path} may not be run by everyone"
        else:
            return path, found
    shown = "program" if holds_secret([name]) else name[:_SHOWN]
    return closed or f"it has no {shown}, which its entrypoint starts"


def _for_machine(path: str, real: str, head: bytes, platform: Platform, subject: str) -> Check:
    probe = ElfProbe()
    probe.feed(head)
    facts = probe.result()
    shown = path if path.lstrip("/") == real else f"{path}, which is /{real}"
    if facts and not platform.suits(facts.machine):
        what = f"{shown} is for {facts.machine}, the image is for {platform}"
        return failed("program", subject, what, "put the archive on a base for the image's platform")
    return passed("program", subject, shown)


def _candidates(name: str, config: Config) -> list[str]:
    """Where a program is looked for, in that order."""
    variables = config.runtime.get("Env")
    known = [str(variable) for variable in variables] if isinstance(variables, list) else []
    path = next((each[5:] for each in reversed(known) if each.startswith("PATH=")), _PATH)
    return [posixpath.join("/", folder, name) for folder in path.split(":") if folder]


def _short(command: list[str]) -> str:
    text = shlex.join(word[:_SHOWN] for word in command[:_SHOWN])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _words(config: Config, key: str) -> list[str]:
    value = config.runtime.get(key)
    if isinstance(value, str):
        return [value]
    return [str(word) for word in value] if isinstance(value, list) else []
