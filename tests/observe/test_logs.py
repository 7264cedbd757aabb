"""How logs are read: a few at a time, in order; lines that are cut, and containers that begin again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from vddkctl.errors import ClusterError, ClusterUnreachableError
from vddkctl.observe import logs
from vddkctl.observe.logs import AT_ONCE, Broken, Ended, Line, Run, follow_all, read_all, runs
from vddkctl.plan.workload import VddkContainer, VddkPod


@dataclass
class Memory:
    """Logs in memory: pieces by container; the most that were open at the same time."""

    pieces: dict[str, list[bytes]]
    breaks: int = 0
    """So often reading breaks off, once all is read."""
    open: int = 0
    most: int = 0
    read_again: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, run: Run) -> Iterator[bytes]:
        pod, container = run.pod, run.container
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
            self.read_again.append(f"{pod}/{container}")
        try:
            if container not in self.pieces:
                raise ClusterError("no log")
            yield from self.pieces[container]
            if self.breaks:
                self.breaks -= 1
                raise ClusterUnreachableError("it broke off")
        finally:
            with self.lock:
                self.open -= 1


def run(container: str) -> Run:
    return Run("vms", "pod", "uid", container, 0)


def pod(*containers: VddkContainer, phase: str = "Running") -> VddkPod:
    return VddkPod("vms", "pod", "uid", phase, containers)


def container(name: str, standing: str = "ended", restarts: int = 0) -> VddkContainer:
    return VddkContainer(name, brings=False, standing=standing, begun=True, restarts=restarts)  # type: ignore[arg-type]


def test_lines_are_put_together_and_the_last_one_needs_no_end() -> None:
    source = Memory({"one": [b"a\nb", b"c\n\xff", b"d"]})
    assert [e.text for e in read_all(source.read, [run("one")]) if isinstance(e, Line)] == [
        "a",
        "bc",
        "�d",
    ]


def test_a_line_without_an_end_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LONGEST", 4)
    source = Memory({"one": [b"abcdefghij\nk"]})
    texts = [e.text for e in read_all(source.read, [run("one")]) if isinstance(e, Line)]
    assert "".join(texts) == "abcdefghijk"


def test_never_more_than_a_few_are_open_and_what_fails_is_told_in_its_place() -> None:
    names = [f"c{number:02}" for number in range(20)]
    source = Memory({name: [b"x\n"] * 50 for name in names if name != "c07"})
    events = list(read_all(source.read, [run(name) for name in names]))
    ended = [event for event in events if isinstance(event, Ended)]
    assert [event.run.container for event in ended] == names
    assert [event.run.container for event in ended if event.error] == ["c07"]
    assert source.most <= AT_ONCE


def test_a_container_that_begins_again_is_followed_again_and_one_that_has_not_begun_is_not() -> None:
    source = Memory({"importer": [b"x\n"]})
    first = pod(container("importer", "running"))
    looks = iter(
        [pod(container("importer", "running", 1)), pod(container("importer", "ended", 1), phase="Failed")]
    )
    last = pod(container("importer", "ended", 1), phase="Failed")
    events = list(follow_all(source.read, lambda: [next(looks, last)], [first]))
    assert [event.run.number for event in events if isinstance(event, Ended)] == [0, 1]
    assert source.read_again == ["pod/importer"] * 2
    assert runs([pod(VddkContainer("virt-v2v", brings=False, standing="waiting"))]) == []


def test_following_ends_when_the_pods_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LOOK", 0.01)
    events = list(follow_all(Memory({"a": [b"x\n"]}).read, list, [pod(container("a", "running"))]))
    assert [type(event) for event in events] == [Line, Ended]


def test_a_log_that_breaks_off_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LOOK", 0.01)
    source = Memory({"a": [b"x\n"]}, breaks=2)
    looks = iter([[pod(container("a", "running"))]] * 3)
    last = [pod(container("a"), phase="Succeeded")]
    events = list(follow_all(source.read, lambda: next(looks, last), [pod(container("a", "running"))]))
    assert [type(event) for event in events] == [Line, Broken, Line, Broken, Line, Ended]


def test_where_there_are_no_pods_it_waits_for_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LOOK", 0.01)
    looks = iter([[], [pod(container("a", "running"))], [pod(container("a"), phase="Succeeded")]])
    last = [pod(container("a"), phase="Succeeded")]
    events = list(follow_all(Memory({"a": [b"x\n"]}).read, lambda: next(looks, last), []))
    assert [type(event) for event in events] == [Line, Ended]
