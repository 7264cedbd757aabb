"""The trial of one image: started as Forklift and CDI start it, then what it left is looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from msgspec import Struct

from vddkctl.errors import ArchiveError, ImageError, RegistryError, TrialError
from vddkctl.oci.config import Config
from vddkctl.oci.digest import hex_of
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import Registry
from vddkctl.verify.check import Check, failed, passed, warned
from vddkctl.verify.documents import Pulled
from vddkctl.verify.overlay import Overlay
from vddkctl.verify.running import command_of
from vddkctl.verify.trial import buildah
from vddkctl.verify.trial.arrived import arrival_checks, arrived
from vddkctl.verify.trial.buildah import Buildah
from vddkctl.verify.trial.choice import Installed, installed
from vddkctl.verify.trial.engine import UID, Ended, Engine
from vddkctl.verify.trial.podman import Podman
from vddkctl.verify.trial.source import fetch
from vddkctl.verify.trial.tool import tool_check
from vddkctl.verify.trial.words import said
from vddkctl.verify.trial.workshop import Workshop, enter, workshop

_HERE = "run it on another machine, or choose another --runtime"
_ENTRYPOINT = "look at the image's entrypoint and at its base"


class Trial:
    """Tries images with the engines of this machine. Raises TrialError when there is none.

    ``runtime`` is ``podman``, ``buildah``, or ``auto`` for podman, and buildah where that cannot start the image.
    ``timeout`` (seconds) is for each start of a program in the image.
    """

    def __init__(
        self, runtime: str, timeout: float, environment: Mapping[str, str], progress: Progress
    ) -> None:
        self._engines = installed(runtime, environment)
        self._timeout = timeout
        self._environment = environment
        self._progress = progress

    def checks(
        self, registry: Registry, reference: Reference, image: Pulled, overlay: Overlay
    ) -> list[Check]:
        """Run it, and judge what comes of it. ``overlay`` is what its layers make, files hashed."""
        config, machine = image.config, os.uname().machine
        if config is None:
            return [_skipped(image.name, "its config cannot be read")]
        if config.platform.os != "linux" or not config.platform.suits(machine):
            return [_skipped(image.name, f"it is for {config.platform}, and this machine is {machine}")]
        if not command_of(config):
            return [failed("run", image.name, "it cannot be started: it has no command", _ENTRYPOINT)]
        try:
            with workshop(self._environment, self._engines[-1].name) as shop:
                source = fetch(registry, reference, image, shop, self._progress)
                return self._tried(shop, source, image, config, overlay)
        except (TrialError, RegistryError, ImageError, ArchiveError) as error:
            what = f"{error.where}: {error.what}" if error.where else error.what
            return [failed("run", image.name, what, error.hint or _HERE)]

    def _tried(
        self, shop: Workshop, source: str, image: Pulled, config: Config, overlay: Overlay
    ) -> list[Check]:
        start = self._start(shop, source, image, config)
        checks = [_run_check(start, image.name, self._timeout)]
        if start.ended.refused:
            return checks
        try:
            layer = arrived(shop, enter(self._engines[-1].name), self._timeout)
            tree = Overlay([layer])
            checks += arrival_checks(layer, tree, overlay, image.name)
        except ArchiveError as error:
            return [
                *checks,
                failed("arrived", image.name, f"in /opt: {error.what}", error.hint or _ENTRYPOINT),
            ]
        if start.ended.code == 0:
            checks.append(tool_check(start.engine, tree, overlay, image.name, self._timeout))
        return checks

    def _start(self, shop: Workshop, source: str, image: Pulled, config: Config) -> _Start:
        """Start the image's own command, by the first engine that can."""
        before: list[str] = []
        for number, each in enumerate(self._engines, 1):
            engine = self._engine(each, shop, source, image, command_of(config))
            last = number == len(self._engines)
            try:
                engine.load()
                ended = engine.start(None, {})
            except TrialError as error:
                if last:
                    raise
                before.append(error.what)
                continue
            if last or not ended.refused:
                break
            before.append(f"{engine.title} cannot start it: {ended.refused}")
        return _Start(engine, ended, tuple(before))

    def _engine(
        self, each: Installed, shop: Workshop, source: str, image: Pulled, own: Sequence[str]
    ) -> Engine:
        config = hex_of(image.manifest.config.digest)
        if each.name == buildah.NAME:
            return Buildah(each.version, shop, config, source, self._timeout, own)
        return Podman(each.version, shop, config, source, self._timeout)


class _Start(Struct, frozen=True):
    """``before``: why the engines that were asked first are not the one that did it."""

    engine: Engine
    ended: Ended
    before: tuple[str, ...]


def _run_check(start: _Start, subject: str, timeout: float) -> Check:
    ended = start.ended
    by = f"by {start.engine.title}{said(start.before, '; ')}"
    if ended.refused:
        what = f"{start.engine.title} cannot start it: {ended.refused}"
        return failed("run", subject, "; ".join([*start.before, what]), f"{_ENTRYPOINT}; or {_HERE}")
    if ended.code is None:
        what = f"it had not ended after {timeout:g} s{said(ended.lines, ': ')} (started {by})"
        return failed("run", subject, what, f"{_ENTRYPOINT}; or allow it more time with --timeout")
    if ended.code:
        how = f"was ended by a signal ({ended.signal})" if ended.signal else f"ended with {ended.code}"
        what = f"its command {how}{said(ended.lines, ': ')} (started {by})"
        return failed("run", subject, what, _ENTRYPOINT)
    return passed("run", subject, f"its command works as UID {UID} without capabilities, started {by}")


def _skipped(subject: str, why: str) -> Check:
    return warned("run", subject, f"not run: {why}", "run it on a machine that it is for")
