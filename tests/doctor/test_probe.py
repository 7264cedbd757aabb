"""Checks at the same time: one that hangs, fails or breaks hides no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from vddkctl.doctor.check import Finding, Group, Status, passed
from vddkctl.doctor.probe import Probe, examine
from vddkctl.errors import RegistryError


def probe(
    run: Callable[[], Iterator[Finding | Probe]], group: Group = Group.REGISTRY, name: str = "it"
) -> Probe:
    return Probe(group, name, run)


def test_what_was_found_before_a_silence_stays_and_the_silence_is_told() -> None:
    for_ever = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield passed(Group.PORTS, "it", "open")
        for_ever.wait()

    def quick() -> Iterator[Finding]:
        yield passed(Group.DISK, "disk", "room")

    found = examine([*[probe(hangs)] * 12, probe(quick)], 0.2)
    for_ever.set()
    assert [one.status for one in found].count(Status.FAIL) == 12
    assert [one.detail for one in found].count("open") == 12
    assert found[0].detail == "room"
    assert found[-1].detail == "no answer within 0.2 seconds"
    assert "--timeout" in found[-1].next


def test_probes_of_a_probe_have_a_time_of_their_own() -> None:
    for_ever = threading.Event()

    def hangs() -> Iterator[Finding]:
        for_ever.wait()
        yield passed(Group.REGISTRY, "never", "fine")

    def quick() -> Iterator[Finding]:
        yield passed(Group.REGISTRY, "third", "fine")

    def chain() -> Iterator[Finding | Probe]:
        yield passed(Group.REGISTRY, "first", "fine")
        yield probe(hangs, name="second")
        yield probe(quick)

    found = examine([probe(chain)], 0.2)
    for_ever.set()
    assert [(one.name, one.status.value) for one in found] == [
        ("first", "pass"),
        ("second", "fail"),
        ("third", "pass"),
    ]


def test_errors_become_lines_of_their_own() -> None:
    def fails() -> Iterator[Finding]:
        yield passed(Group.REGISTRY, "first", "fine")
        raise RegistryError("it is gone", where="h.io/vddk", hint="bring it back\n  or not")

    def breaks() -> Iterator[Finding]:
        yield passed(Group.REGISTRY, "second", "fine")
        raise ZeroDivisionError("by zero")

    found = examine([probe(fails), probe(breaks)], 5)
    assert [(one.name, one.status.value, one.detail) for one in found] == [
        ("first", "pass", "fine"),
        ("it", "fail", "h.io/vddk: it is gone"),
        ("second", "pass", "fine"),
        ("it", "fail", "the check itself broke: ZeroDivisionError: by zero"),
    ]
    assert found[1].next == "bring it back; or not"


def test_lines_come_by_group_whatever_ends_first() -> None:
    def one(group: Group) -> Probe:
        return probe(lambda: iter([passed(group, group.value, "fine")]), group)

    found = examine([one(group) for group in reversed(Group)], 5)
    assert [each.group for each in found] == list(Group)
