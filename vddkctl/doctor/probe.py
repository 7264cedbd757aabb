"""Checks that run at the same time, each within its time: a dead host hides no other check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait

from msgspec import Struct

from vddkctl.doctor.check import Finding, Group, failed, found_wrong
from vddkctl.errors import VddkctlError
from vddkctl.threads import each, start

_AT_ONCE = 8


class Probe(Struct, frozen=True):
    """A chain of checks: each builds on the one before. ``group`` and ``name`` are for what goes wrong with all of it.

    What does not build on each other any more it gives as probes of their own, which have a time of their own.
    ``patience``: how many times the usual time it may take.
    """

    group: Group
    name: str
    run: Callable[[], Iterable[Finding | Probe]]
    patience: int = 1


def examine(probes: Sequence[Probe], timeout: float) -> tuple[Finding, ...]:
    """What all of them find, by group, and within a group in the order of the probes. ``timeout`` is in seconds."""
    found = each(lambda probe: _bounded(probe, timeout), probes, _AT_ONCE)
    order = {group: number for number, group in enumerate(Group)}
    return tuple(sorted((one for several in found for one in several), key=lambda one: order[one.group]))


def _bounded(probe: Probe, timeout: float) -> list[Finding]:
    found: list[Finding | Future[list[Finding]]] = []

    def collect() -> None:
        for one in probe.run():
            begun = start(_bounded, one, timeout) if isinstance(one, Probe) else one
            found.append(begun)  # it counts as soon as it is there

    seconds = timeout * probe.patience
    running = start(collect)
    in_time = bool(wait([running], seconds).done)
    findings = [finding for one in tuple(found) for finding in _findings(one)]
    return [*findings, *(_wrong(probe, running) if in_time else [_late(probe, seconds)])]


def _findings(one: Finding | Future[list[Finding]]) -> list[Finding]:
    return [one] if isinstance(one, Finding) else one.result()


def _late(probe: Probe, seconds: float) -> Finding:
    hint = "is it up, and is the way there open? --timeout 60s waits longer"
    return failed(probe.group, probe.name, f"no answer within {seconds:g} seconds", hint)


def _wrong(probe: Probe, ended: Future[None]) -> list[Finding]:
    """Why a chain broke off, if it did."""
    error = ended.exception()
    if isinstance(error, VddkctlError):
        return [found_wrong(probe.group, probe.name, error, "try again")]
    if isinstance(error, Exception):
        words = f"the check itself broke: {type(error).__name__}: {error}"
        return [failed(probe.group, probe.name, words, "please report it")]
    if error is not None:
        raise error
    return []
