"""The planner: a site and what was observed, in; a plan, out. No clock, no network, no disk, no environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl import __version__
from vddkctl.plan.desired import Desired, desired
from vddkctl.plan.images import DIGEST, image_address, image_change
from vddkctl.plan.model import Change, Location, Plan
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.plan.order import ordered, room
from vddkctl.plan.settings import settings_changes
from vddkctl.plan.warnings import warnings
from vddkctl.site.diagnostic import SpecError
from vddkctl.site.source import LoadedSite

TOOL = f"vddkctl {__version__}"


def make_plan(loaded: LoadedSite, observed: Observed, *, missing_too: bool = False) -> Plan:
    """Compute the plan.

    Raises :class:`~vddkctl.site.diagnostic.SpecError` with everything in the spec that does not fit what exists: a
    provider that is not there, two controllers. With ``missing_too`` a provider that was there at the last apply is
    none: it is in the plan's ``gone``, for drift to tell.
    """
    wanted = desired(loaded, observed)
    mistakes = wanted.mistakes if missing_too else (*wanted.mistakes, *wanted.missing)
    if mistakes:
        raise SpecError(tuple(sorted(mistakes, key=lambda m: (m.position.line, m.position.column))))
    objects = _objects(observed)
    changes = ordered(
        [
            *_image_changes(loaded, observed),
            *settings_changes(wanted.targets, objects, observed.record),
        ]
    )
    managed = _managed(loaded, observed, wanted)
    changing = {change.address for change in changes}
    return Plan(
        tool=TOOL,
        site=loaded.site.metadata.name,
        site_digest=loaded.digest,
        location=Location(observed.folder, observed.cluster.namespace, loaded.site.cluster.manifests),
        changes=changes,
        unchanged=tuple(address for address in managed if address not in changing),
        warnings=tuple(warnings(loaded, observed, wanted, changes)),
        tags={observed.images[name].built.digest: spec.tag for name, spec in loaded.site.images.items()},
        managed=managed,
        disowned=tuple(sorted(a for a in _recorded(observed) if a not in managed)),
        gone=tuple(_gone(objects, observed)),
    )


def _objects(observed: Observed) -> dict[ObjectKey, LiveObject]:
    return {live.key: live for live in (*observed.cluster.controllers, *observed.cluster.providers)}


def _image_changes(loaded: LoadedSite, observed: Observed) -> Iterator[Change]:
    for name, spec in loaded.site.images.items():
        change = image_change(name, spec, observed.images[name], observed.record)
        if change:
            yield change


def _managed(loaded: LoadedSite, observed: Observed, wanted: Desired) -> dict[str, dict[str, Any]]:
    images = {
        image_address(name): {DIGEST: observed.images[name].built.digest} for name in loaded.site.images
    }
    settings = {
        key.address: {wish.path: wish.meaning for wish in target.wishes}
        for key, target in sorted(wanted.targets.items())
        if target.wishes
    }
    return {**dict(sorted(images.items())), **settings}


def _gone(objects: dict[ObjectKey, LiveObject], observed: Observed) -> list[str]:
    there = {key.address for key in objects}
    return sorted(a for a in _recorded(observed) if room(a) != "image" and a not in there)


def _recorded(observed: Observed) -> list[str]:
    return list(observed.record.applied) if observed.record else []
