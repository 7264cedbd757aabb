"""How a site stands, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vddkctl.cluster.live.health import Health
from vddkctl.observe.status import SiteStatus
from vddkctl.observe.versions import ImageFacts
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.plan.status import ProviderState
from vddkctl.plan.workload import VddkContainer, VddkPod
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, short
from vddkctl.visible import shown


def status_text(status: SiteStatus, style: Style = PLAIN) -> str:
    """The whole report, with a final line break."""
    return "\n".join(_lines(status, style)) + "\n"


def status_json(status: SiteStatus) -> dict[str, Any]:
    """The same as data. CPU in cores, memory in bytes."""
    seen = status.health
    return {
        "formatVersion": FORMAT_VERSION,
        "place": status.place,
        "namespace": status.namespace,
        "controllerImage": status.declared,
        "rolledOut": seen.rolled_out if seen else None,
        "providers": [_provider_json(each, status) for each in status.providers],
        "plans": [
            {
                "plan": f"{plan.namespace}/{plan.name}",
                "provider": plan.provider.address,
                "problems": [
                    {"type": p.type, "category": p.category, "message": p.message} for p in plan.problems
                ],
            }
            for plan in status.complaints
        ],
        "pods": [_pod_json(each, seen) for each in status.pods] if seen else [],
        "unseen": list(seen.unseen) if seen else [],
    }


def _provider_json(provider: ProviderState, status: SiteStatus) -> dict[str, Any]:
    facts = status.images.get(provider.image or "", ImageFacts())
    troubles = status.health.troubles.get(provider.address) if status.health else None
    return {
        "address": provider.address,
        "image": provider.image,
        "level": provider.level,
        "digest": facts.digest,
        "version": facts.version,
        "versionToldBy": facts.told_by,
        "imageNote": facts.why or None,
        "aio": provider.aio,
        "sizeIn64K": provider.buffers.size_in_64k,
        "count": provider.buffers.count,
        "healthy": None if troubles is None else not troubles,
        "troubles": list(troubles or ()),
    }


def _pod_json(pod: VddkPod, seen: Health) -> dict[str, Any]:
    used, trouble = seen.used.get((pod.namespace, pod.name)), pod.trouble
    return {
        "pod": f"{pod.namespace}/{pod.name}",
        "phase": pod.phase or "Unknown",
        "containers": [each.name for each in pod.containers],
        "plan": pod.plan,
        "provider": pod.provider.address if pod.provider else None,
        "waits": _trouble(trouble) if trouble and trouble.standing == "waiting" else None,
        "trouble": _trouble(trouble) if trouble else None,
        "restarts": sum(each.restarts for each in pod.containers),
        "cpu": used.cpu if used else None,
        "memory": used.memory if used else None,
    }


def _trouble(container: VddkContainer) -> str:
    """``vddk-side-car: ImagePullBackOff, no rights``."""
    more = f", {' '.join(container.message.split())}" if container.message else ""
    return f"{container.name}: {container.trouble}{more}"


def _lines(status: SiteStatus, style: Style) -> Iterator[str]:
    yield f"{style.paint('bold', shown(status.place))}: {plural(len(status.providers), 'vSphere provider')}"
    seen = status.health
    if seen and seen.rolled_out is not None and seen.rolled_out != (status.declared or ""):
        yield (
            f"  {style.paint('yellow', '!')} the controller runs with {shown(seen.rolled_out or 'no image')}, and "
            f"ForkliftController says {shown(status.declared or 'none')}"
        )
    for provider in status.providers:
        yield ""
        yield from _provider_lines(provider, status, style)
    if status.complaints:
        yield ""
        yield style.paint("bold", "plans that complain about VDDK")
        for plan in status.complaints:
            for problem in plan.problems:
                text = shown(f"{plan.namespace}/{plan.name}: {problem.type}: {problem.message}")
                yield f"  {style.paint('yellow', '!')} {text}"
    if seen:
        yield from _pod_lines(status.pods, seen, style)


def _provider_lines(provider: ProviderState, status: SiteStatus, style: Style) -> Iterator[str]:
    yield f"  {style.paint('bold', shown(provider.address))}"
    facts = status.images.get(provider.image or "", ImageFacts())
    if provider.image is None:
        yield f"    image    {style.paint('yellow', 'none')}: no level names one"
    else:
        yield f"    image    {short(shown(provider.image))}   by the {provider.level}"
        pinned = provider.image.endswith(facts.digest or "\0")
        digest = f", {short(facts.digest)}" if facts.digest and not pinned else ""
        version = f"not known: {shown(facts.why or 'the image does not say')}"
        if facts.version:
            said = ", as its tag says" if facts.told_by == "tag" else ""
            version = f"VDDK {shown(facts.version)}{said}"
        yield f"    version  {version}{digest}"
    buffers = provider.buffers
    sizes = f"{buffers.size_in_64k or 'auto'} × 64 KiB × {buffers.count or 'auto'}"
    broken = style.paint("yellow", ", and a key that the library ignores") if provider.broken_key else ""
    yield f"    aio      {'on' if provider.aio else 'off'}, buffers {sizes}{broken}"
    if status.health is None:
        return
    troubles = status.health.troubles.get(provider.address)
    if troubles is None:
        yield "    health   not seen"
    elif not troubles:
        yield f"    health   {style.paint('green', 'healthy')}"
    for trouble in troubles or ():
        yield f"    health   {style.paint('red', shown(trouble))}"


def _pod_lines(pods: Sequence[VddkPod], seen: Health, style: Style) -> Iterator[str]:
    yield ""
    if not pods:
        yield "No pod uses VDDK now."
    else:
        yield style.paint("bold", f"{plural(len(pods), 'pod uses', 'pods use')} VDDK")
        for pod in pods:
            yield _pod_line(pod, seen)
            if pod.trouble:
                yield f"    {style.paint('yellow', shown(_trouble(pod.trouble)))}"
        if not seen.metered:
            yield "  CPU and memory are not known: the cluster has no metrics API, or does not show it to this user."
    for each in seen.unseen:
        yield f"Not seen: {shown(each)}"


def _pod_line(pod: VddkPod, seen: Health) -> str:
    used = seen.used.get((pod.namespace, pod.name))
    usage = f"   cpu {used.cpu * 1000:.0f}m, memory {used.memory / 2**20:.0f} MiB" if used else ""
    belongs = f"   plan {pod.plan.rpartition('/')[2]}" if pod.plan else ""
    if not pod.plan and pod.provider:
        belongs = f"   provider {pod.provider.name}"
    words = f"{pod.namespace}/{pod.name}   {pod.phase or 'Unknown'}{belongs}"
    return f"  {shown(words)}{usage}"
