"""``vddkctl logs``."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.output import data, note
from vddkctl.cli.status import Context, Namespace, OptionalSpec, opened
from vddkctl.errors import UsageError, VddkctlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vddkctl.cluster.live.cluster import KubernetesCluster
    from vddkctl.cluster.live.logs import LogSpan
    from vddkctl.observe.logs import Event, Read, Run
    from vddkctl.plan.choose import Chosen
    from vddkctl.plan.observed import ObjectKey
    from vddkctl.plan.workload import VddkPod

NAME = "logs"

Wanted = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A provider, provider/NAME, or plan/NAME; with a namespace: plan/NAMESPACE/NAME."
    ),
]
Follow = Annotated[
    bool,
    typer.Option(
        "--follow", "-F", help="Go on until the pods have ended, with those that come. (-f is the spec.)"
    ),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Not older than this: 90s, 5m, 1h.")
]
Tail = Annotated[
    int | None, typer.Option("--tail", min=0, metavar="LINES", help="Only so many lines from the end.")
]


def run(
    name: Wanted,
    follow: Follow = False,
    since: Since = None,
    tail: Tail = None,
    file: OptionalSpec = None,
    context: Context = None,
    namespace: Namespace = None,
) -> int:
    """Show what the VDDK containers of a provider or a plan write.

    Of each pod the init container that brings VDDK, and the container that uses it: virt-v2v, CDI's importer,
    Forklift's validator. Each line begins with its pod and container.
    """
    from vddkctl.cluster.live.cluster import KubernetesCluster
    from vddkctl.cluster.live.logs import LogSpan
    from vddkctl.observe.logs import follow_all, read_all, runs

    span = LogSpan(follow, _seconds(since), tail)
    _, cluster, place = opened(file, context, namespace, 0)
    if not isinstance(cluster, KubernetesCluster):
        raise UsageError("a folder of manifests has no pods", hint="name a cluster with --context")
    look = _Look(cluster, place, name)
    pods = look.first()
    read = _reader(cluster, span, runs(pods))
    if follow:
        gc.enable()
        if not pods:
            note(f"No pod of {name} uses VDDK now; waiting for some.")
        return _written(follow_all(read, look.again, pods))
    if not pods:
        raise VddkctlError(
            f"no pod of {name} uses VDDK now",
            hint="there are some while a plan is validated, or a migration runs; --follow waits for them",
        )
    return _written(read_all(read, runs(pods)))


class _Look:
    """Looks for the pods that are meant, again and again."""

    def __init__(self, cluster: KubernetesCluster, place: str | None, name: str) -> None:
        self._cluster, self._place, self._name = cluster, place, name
        self._home = ""
        self._images: set[str] = set()
        self._chosen: Chosen | None = None
        self._last: Sequence[VddkPod] = ()
        self._never_seen: set[str] = set()
        self._told: set[str] = set()

    def first(self) -> Sequence[VddkPod]:
        """Those that there are. Raises VddkctlError."""
        from vddkctl.cluster.base import Wanted as Look
        from vddkctl.plan.status import provider_states

        state = self._cluster.observe(Look(self._place))
        self._home = state.namespace
        self._images = {each.image for each in provider_states(state) if each.image}
        return self._looked([each.key for each in state.providers if each.spec.get("type") == "vsphere"])

    def again(self) -> Sequence[VddkPod]:
        """As they are now; what cannot be seen for the moment is as it was."""
        return self._looked(())

    def _looked(self, providers: Sequence[ObjectKey]) -> Sequence[VddkPod]:
        from vddkctl.cluster.live.health import health
        from vddkctl.plan.choose import chosen

        seen = health(self._cluster.api, self._home, self._images)
        parts = {each.partition(": ")[0] for each in seen.unseen}
        for each in seen.unseen:
            self._tell(f"Not seen: {each}")
        if self._chosen is None:
            self._chosen = chosen(self._name, self._home, providers, seen.plans)
            self._never_seen = parts
        elif parts - self._never_seen:  # for a moment; they are as they were
            return self._last
        self._last = self._chosen.pods(seen.pods)
        for pod in self._last:
            for container in pod.containers:
                if not container.begun and container.trouble:
                    why = f"{container.trouble}, {' '.join(container.message.split())}".removesuffix(", ")
                    self._tell(f"{pod.name}/{container.name} has not begun: {why}")
        return self._last

    def _tell(self, text: str) -> None:
        from vddkctl.visible import shown

        if text not in self._told:
            self._told.add(text)
            note(shown(text))


def _seconds(text: str | None) -> int | None:
    from vddkctl.cli.apply import seconds

    if text is None:
        return None
    try:
        value = int(seconds(text))
    except UsageError:
        value = 0
    if not value:
        raise UsageError(f"--since={text} is no time", hint="such as 90s, 5m or 1h")
    return value


def _reader(cluster: KubernetesCluster, span: LogSpan, first: Sequence[Run]) -> Read:
    """Reads a log; what begins later is shown from its beginning, and what broke off from where it was.

    Kubernetes counts in whole seconds: lines of the last one may come twice then.
    """
    import math
    import time

    from msgspec.structs import replace

    from vddkctl.cluster.live.logs import read

    there = set(first)
    heard: dict[Run, float] = {}

    def one(run: Run) -> Iterator[bytes]:
        asked = span if run in there else replace(span, since=None, tail=None)
        if run in heard:
            asked = replace(asked, since=math.ceil(time.monotonic() - heard[run]) + 1, tail=None)
        for piece in read(cluster.api, run.namespace, run.pod, run.container, asked):
            heard[run] = time.monotonic()
            yield piece

    return one


def _written(events: Iterator[Event]) -> int:
    """Write lines as they come; 1 where no log at all could be read."""
    from vddkctl.cli.streams import flush
    from vddkctl.observe.logs import Broken, Line
    from vddkctl.visible import shown

    ended = failed = 0
    broken: set[str] = set()
    for event in events:
        name = f"{event.run.pod}/{event.run.container}"
        if isinstance(event, Line):
            text = "\t".join(shown(part) for part in event.text.split("\t"))
            data(f"[{name}] {text}\n")
            flush()
            broken.discard(name)
            continue
        if isinstance(event, Broken):
            if name not in broken:
                note(f"{name}: {event.error.what}; it is tried again")
            broken.add(name)
            continue
        ended += 1
        if event.error:
            failed += 1
            note(f"{name}: {event.error.what}")
    return 1 if ended and failed == ended else 0
