"""A folder of manifests in the place of a cluster, and layouts in the place of registries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vddkctl.cluster.base import Wanted
from vddkctl.doctor.check import Finding, Group, failed, found_wrong, passed, skipped, warned
from vddkctl.doctor.subject import Subject, layouts
from vddkctl.errors import VddkctlError
from vddkctl.plan.desired import the_controller
from vddkctl.plan.observed import Observed

_UNASKED = "the settings are in a folder of manifests"


def manifest_checks(subject: Subject, manifests: str) -> Iterator[Finding]:
    """Whether the folder is there, can be read as a whole, and has one ForkliftController."""
    yield skipped(Group.RIGHTS, "cluster", _UNASKED)
    yield skipped(Group.PULL, "cluster", _UNASKED)
    hint = "look at cluster.manifests"
    try:
        state = subject.places.cluster(manifests).observe(Wanted(subject.namespace))
    except VddkctlError as error:
        yield found_wrong(Group.CLUSTER, manifests, error, hint)
        return
    yield passed(Group.CLUSTER, manifests, f"it can be read; providers: {len(state.providers)}")
    for unread in state.unread:
        yield warned(
            Group.CLUSTER, unread.where, unread.why, "put the file itself there, if it holds settings"
        )
    found = the_controller(Observed(state, {}, cluster_name=manifests))
    if isinstance(found, str):
        hint = "put Forklift's own manifest there, or look at cluster.namespace"
        yield failed(Group.CLUSTER, "ForkliftController", found, hint)
    else:
        where = f" ({found.where})" if found.where else ""
        yield passed(Group.CLUSTER, "ForkliftController", f"{found.key.namespace}/{found.key.name}{where}")


def layout_checks(subject: Subject) -> Iterator[Finding]:
    """Whether images can be put into the folders of layouts."""
    for name, reference in {reference.name: reference for reference in layouts(subject)}.items():
        try:
            folder = Path(subject.places.located(reference).repository)
        except VddkctlError as error:
            yield found_wrong(Group.REGISTRY, name, error)
            continue
        there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            state = "a layout can be written there" if there == folder else "it can be made"
            yield passed(Group.REGISTRY, name, state)
        else:
            what = f"{there} cannot be written to" if there.is_dir() else f"{there} is not a folder"
            yield failed(Group.REGISTRY, name, what, "name another folder, or give the right")
