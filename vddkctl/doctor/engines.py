"""Container engines: which are here, in which version, and whether they answer."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from vddkctl.doctor.check import Finding, Group, failed, passed, skipped, warned
from vddkctl.doctor.subject import Subject
from vddkctl.threads import each

_GROUP = Group.ENGINES
_STORE = "{{.Store.GraphDriverName}} storage, {{if .Host.Security.Rootless}}rootless{{else}}root{{end}}"
_ANSWERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "podman": (("info", "--format", _STORE), "see what this says: podman info"),
    "docker": (
        ("version", "--format", "daemon {{.Server.Version}}"),
        "start its daemon (systemctl start docker), or set DOCKER_HOST",
    ),
}
"""What an engine has to answer besides its version, and what to do where it does not. buildah has no daemon."""
_NAMES = ("podman", "docker", "buildah")


class _Engine(Struct, frozen=True):
    """``version`` is empty where it is not installed, ``answer`` where it only has a version.

    ``trouble`` is empty where all is well.
    """

    name: str
    version: str = ""
    answer: str = ""
    trouble: str = ""

    @property
    def works(self) -> bool:
        return bool(self.version) and not self.trouble


def engine_checks(subject: Subject) -> Iterator[Finding]:
    """A line for each engine, and one that says whether there is what the spec asks for."""
    look = _Look(subject.places.environment, subject.timeout / 2)
    engines = each(look.at, _NAMES, len(_NAMES))
    wanted = _wanted(subject)
    for engine in engines:
        yield _told(engine, wanted.get(engine.name, ()))
    building = [engine.name for engine in engines if engine.works and engine.name in _ANSWERS]
    if building:
        return
    images = [name for name, spec in subject.images.items() if spec.builder == "auto" and spec.dockerfile]
    if images:
        asking = ", ".join(f"image.{name}" for name in images)
        hint = "install podman: apt-get install podman, or dnf install podman"
        yield failed(_GROUP, "any", f"no container engine works, and {asking} has a Dockerfile", hint)
    elif not wanted:
        hint = "builder native needs none; a Dockerfile needs podman or docker"
        yield warned(_GROUP, "any", "no container engine works here", hint)


def podman_storage(subject: Subject) -> Path | None:
    """The folder in which podman keeps what it builds; None where there is no podman, or it does not say."""
    look = _Look(subject.places.environment, subject.timeout / 2)
    program = shutil.which("podman", path=look.environment.get("PATH", os.defpath))
    code, out = look.run(program, "info", "--format", "{{.Store.GraphRoot}}") if program else (1, "")
    return Path(out) if not code and out.startswith("/") else None


def _wanted(subject: Subject) -> dict[str, tuple[str, ...]]:
    """The images that ask for an engine, by its name."""
    wanted: dict[str, tuple[str, ...]] = {}
    for name, spec in subject.images.items():
        if spec.builder in _ANSWERS:
            wanted[spec.builder] = (*wanted.get(spec.builder, ()), f"image.{name}")
    return wanted


def _told(engine: _Engine, wanted: tuple[str, ...]) -> Finding:
    name, asking = engine.name, f", and {', '.join(wanted)} asks for it" if wanted else ""
    if not engine.version:
        if not wanted:
            return skipped(_GROUP, name, "not installed, and not asked for")
        hint = f"install {name}, or choose another builder: native, auto"
        return failed(_GROUP, name, f"not installed{asking}", hint)
    if engine.trouble:
        what = f"{engine.version}, but does not work: {engine.trouble}{asking}"
        return (failed if wanted else warned)(_GROUP, name, what, _ANSWERS[name][1])
    return passed(_GROUP, name, f"{engine.version}, {engine.answer}" if engine.answer else engine.version)


class _Look(Struct, frozen=True):
    """Runs engines in an ``environment``, each command at most ``timeout`` seconds."""

    environment: Mapping[str, str]
    timeout: float

    def at(self, name: str) -> _Engine:
        program = shutil.which(name, path=self.environment.get("PATH", os.defpath))
        if program is None:
            return _Engine(name)
        code, out = self.run(program, "--version")
        if code:
            return _Engine(name, "installed", trouble=out)
        version = _version(out)
        if name not in _ANSWERS:
            return _Engine(name, version)
        code, out = self.run(program, *_ANSWERS[name][0])
        return _Engine(name, version, trouble=out) if code else _Engine(name, version, out)

    def run(self, *words: str) -> tuple[int, str]:
        """The exit code, and the one line that counts."""
        try:
            done = subprocess.run(
                words,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 1, f"no answer within {self.timeout:g} seconds"
        except OSError as error:
            return 1, f"it cannot be started ({error.strerror})"
        lines = [line.strip() for line in (done.stderr if done.returncode else done.stdout).splitlines()]
        words_said = [line for line in lines if line]
        if not words_said:
            return done.returncode, f"it ends with {done.returncode}" if done.returncode else ""
        return done.returncode, words_said[-1 if done.returncode else 0][:300]


def _version(text: str) -> str:
    """``4.3.1`` of ``podman version 4.3.1``, ``Docker version 28.2.2, build …``."""
    _, _, rest = text.partition("version ")
    return rest.split(",")[0].split(" ")[0] or text
