"""What the spec refers to in the cluster: storage maps, and Secrets that they name. No value is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import SECRETS, STORAGE_MAPS, Resource
from vddkctl.cluster.live.presence import is_there
from vddkctl.doctor.check import Finding, Group, failed, passed, skipped
from vddkctl.doctor.subject import Subject

_GROUP = Group.REFERENCES


def stored_checks(subject: Subject, api: Api, home: str) -> Iterator[Finding]:
    """A line for each storage map, and for each Secret with a storage's credentials."""
    if subject.loaded is None:
        return
    for name, spec in subject.loaded.site.storage_maps.items():
        yield _there(api, STORAGE_MAPS, home, name, f"storageMaps.{name}")
        for datastore, offload in spec.offload.items():
            where = f"storageMaps.{name}.offload.{datastore}.secret"
            yield _there(api, SECRETS, home, offload.secret, where)


def _there(api: Api, resource: Resource, home: str, name: str, where: str) -> Finding:
    place = f"{resource.kind} {name} in namespace {home}"
    found = is_there(api, resource, home, name)
    if found is None:
        return skipped(_GROUP, where, f"this user may not look for {place}")
    if not found:
        return failed(_GROUP, where, f"there is no {place}", "create it, or look at its name")
    return passed(_GROUP, where, f"there is a {place}")
