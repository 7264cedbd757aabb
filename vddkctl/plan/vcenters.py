"""Which provider stands for which vCenter: tables of disks name the server, a spec names the provider."""

from __future__ import annotations

from vddkctl.plan.fields import URL, raw_value
from vddkctl.plan.observed import ClusterState


def provider_by_host(state: ClusterState) -> dict[str, str]:
    """The host of a vCenter, in lower case → the provider, as a spec names it, where it is the only one."""
    found: dict[str, list[str]] = {}
    for live in state.providers:
        url = raw_value(live.spec, URL)
        if live.spec.get("type") != "vsphere" or not isinstance(url, str):
            continue
        here = live.key.namespace == state.namespace
        name = live.key.name if here else f"{live.key.namespace}/{live.key.name}"
        found.setdefault(host_of(url), []).append(name)
    return {host: names[0] for host, names in found.items() if len(names) == 1}


def host_of(text: str) -> str:
    """``vcenter.example.com`` of a URL, or of a host with or without its port."""
    rest = text.partition("://")[2] or text
    host = rest.partition("/")[0].rpartition("@")[2]
    return (host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]).strip().lower()
