"""``vddkctl logs``."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.output import data, note
from vddkctl.cli.status import Context, Namespace, OptionalSpec, opened
from vddkctl.errors import UsageError, VddkctlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vddkctl.cluster.live.api import Api
    from vddkctl.cluster.live.health import Health
    from vddkctl.cluster.live.logs import Source

NAME = "logs"

Wanted = Annotated[str, typer.Argument(metavar="NAME", help="A provider, provider/NAME, or plan/NAME.")]
Follow = Annotated[
    bool, typer.Option("--follow", help="Go on until the containers end, or Ctrl-C. (-f is the spec.)")
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

    Each line begins with its pod and container. Several pods are read at the same time.
    """
    from vddkctl.cli.apply import seconds
    from vddkctl.cluster.base import Wanted as Look
    from vddkctl.cluster.live.cluster import KubernetesCluster
    from vddkctl.cluster.live.health import health
    from vddkctl.plan.status import provider_states

    age = int(seconds(since)) if since else None
    _, cluster, place = opened(file, context, namespace, 0)
    if not isinstance(cluster, KubernetesCluster):
        raise UsageError("a folder of manifests has no pods", hint="name a cluster with --context")
    state = cluster.observe(Look(place))
    images = {each.image for each in provider_states(state) if each.image}
    seen = health(cluster.api, state.namespace, images)
    sources = list(_sources(name, state.namespace, seen))
    for each in seen.unseen:
        note(f"Not seen: {each}")
    if not sources:
        raise VddkctlError(f"no pod of {name} uses VDDK now", hint="vddkctl status shows which there are")
    return _tell(cluster.api, sources, follow=follow, since=age, tail=tail)


def _sources(name: str, home: str, seen: Health) -> list[Source]:
    from vddkctl.cluster.live.health import plan_of
    from vddkctl.cluster.live.logs import Source

    kind, slash, rest = name.partition("/")
    plans = seen.plans
    if slash and kind == "plan":
        known = [plan for plan in plans if rest in (plan.name, f"{plan.namespace}/{plan.name}")]
    else:
        wanted = rest if slash and kind == "provider" else name
        known = [
            plan for plan in plans if wanted in _names(plan.provider.namespace, plan.provider.name, home)
        ]
    mine = {(plan.namespace, plan.name) for plan in known}
    found = []
    for pod in seen.pods:
        plan = plan_of(pod, plans)
        if plan and (plan.namespace, plan.name) in mine:
            found += [Source(pod.namespace, pod.name, container) for container in pod.containers]
    return found


def _names(namespace: str, name: str, home: str) -> set[str]:
    whole = f"{namespace}/{name}"
    return {whole, f"provider.{whole}", *([name] if namespace == home else [])}


def _tell(api: Api, sources: Sequence[Source], *, follow: bool, since: int | None, tail: int | None) -> int:
    """Lines as they come; one container that cannot be read does not keep the others."""
    from vddkctl.cli.streams import flush
    from vddkctl.cluster.live.logs import lines
    from vddkctl.threads import start
    from vddkctl.visible import shown

    came: queue.SimpleQueue[tuple[Source, str | VddkctlError | None]] = queue.SimpleQueue()

    def read(source: Source) -> None:
        try:
            for line in lines(api, source, follow=follow, since=since, tail=tail):
                came.put((source, line))
            came.put((source, None))
        except VddkctlError as error:
            came.put((source, error))

    for source in sources:
        start(read, source)
    left, failed = len(sources), 0
    while left:
        source, what = came.get()
        if isinstance(what, str):
            data(f"[{source}] {shown(what)}\n")
            flush()
            continue
        left -= 1
        if what is not None:
            failed += 1
            note(f"{source}: {what.what}")
    return 1 if failed == len(sources) else 0
