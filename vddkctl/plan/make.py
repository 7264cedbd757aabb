"""The planner: a site and what was observed, in; a plan, out. No clock, no network, no disk, no environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from vddkctl import __version__
from vddkctl.oci.reference import parse
from vddkctl.plan.accounts import account_changes, account_memory, account_mistakes
from vddkctl.plan.creation import created_memory, creation_mistakes, creations
from vddkctl.plan.desired import Desired, Mistake, desired, pull_reference
from vddkctl.plan.images import image_address, image_change, image_memory, image_reference
from vddkctl.plan.model import Action, Change, DeclaredImage, Location, Plan
from vddkctl.plan.observed import ClusterState, LiveObject, ObjectKey, Observed
from vddkctl.plan.order import STAY_GONE, ordered, room
from vddkctl.plan.own_secret import foreign_secret_mistakes
from vddkctl.plan.record import known_addresses
from vddkctl.plan.secrets import gone_secrets, secret_changes, secret_memory
from vddkctl.plan.settings import settings_changes
from vddkctl.plan.shared_secrets import shared_secret_mistakes
from vddkctl.plan.storage import storage_changes, storage_memory, storage_mistakes
from vddkctl.plan.unseen import refuse_unseen
from vddkctl.plan.warnings import warnings
from vddkctl.site.diagnostic import Diagnostic, SpecError
from vddkctl.site.source import LoadedSite

TOOL = f"vddkctl {__version__}"


def make_plan(
    loaded: LoadedSite,
    observed: Observed,
    *,
    missing_too: bool = False,
    concerns: Callable[[str], bool] = lambda address: True,
    take: Callable[[str], bool] = lambda address: False,
) -> Plan:
    """Compute the plan.

    Raises :class:`~vddkctl.site.diagnostic.SpecError` with everything in the spec that does not fit what exists: a
    provider that is not there, two controllers; but not for addresses that the plan does not ``concern``. With
    ``missing_too`` an object that was there at the last apply is none: it is in ``gone``, for drift to tell; an entry
    of a storage map is a field that was changed. ``take`` says of an address whether fields of other managers are taken
    from them, besides the spec's policy. Raises ClusterDeniedError where what is concerned cannot be seen.
    """
    wanted = desired(loaded, observed)
    objects = _objects(observed)
    gone = _gone(objects, observed)
    more = (
        *creation_mistakes(loaded, observed, wanted),
        *foreign_secret_mistakes(loaded, observed),
        *shared_secret_mistakes(loaded, observed),
        *(
            each
            for each in _elsewhere(loaded, observed, missing_too=missing_too)
            if not (missing_too and each[0] in gone)
        ),
    )
    mistakes = (*wanted.mistakes, *(Mistake(address, diagnostic) for address, diagnostic in more))
    _check(mistakes if missing_too else (*mistakes, *wanted.missing), concerns)
    refuse_unseen(loaded, observed, concerns)
    changes = ordered(
        [
            *_image_changes(loaded, observed),
            *settings_changes(wanted.targets, objects, observed.record, alone=observed.cluster.alone),
            *secret_changes(observed),
            *creations(wanted),
            *account_changes(loaded, observed),
            *storage_changes(loaded, observed),
        ]
    )
    changes = tuple(_taking(change, loaded, take) for change in changes)
    managed = {**_managed(loaded, observed, wanted), **_managed_more(loaded, observed, wanted)}
    changing = {change.address for change in changes}
    return Plan(
        tool=TOOL,
        site=loaded.site.metadata.name,
        site_digest=loaded.digest,
        location=location_of(loaded, observed.folder, observed.cluster, observed.cluster_name),
        changes=changes,
        unchanged=tuple(address for address in managed if address not in changing),
        warnings=tuple(warnings(loaded, observed, wanted, changes, gone)),
        images={image_address(n): _declared(n, loaded, observed) for n in sorted(loaded.site.images)},
        managed=managed,
        disowned=tuple(
            sorted(a for a in known_addresses(observed.record) - _unseen(observed) if a not in managed)
        ),
        gone=gone,
        public_registry=loaded.site.policy.public_registry,
        active_migrations=loaded.site.policy.active_migrations,
        migrations_said="active_migrations" in loaded.site.policy.model_fields_set,
    )


def _taking(change: Change, loaded: LoadedSite, take: Callable[[str], bool]) -> Change:
    # A Secret is written as a whole: what others own of it may be a label, which no field of the change tells.
    takeable = change.conflicts or (change.secret is not None and change.action is Action.UPDATE)
    taken = takeable and (loaded.site.policy.conflicts == "take" or take(change.address))
    return replace(change, take=True) if taken else change


def location_of(loaded: LoadedSite, folder: str, cluster: ClusterState, name: str) -> Location:
    """Where a plan is to be carried out. ``name`` is the cluster's."""
    site = loaded.site
    used = {
        parse(text).host
        for image in site.images.values()
        for text in (image.repository, image.base, image.cluster_repository)
        if text
    }
    settings = {
        host: said.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for host, said in sorted(site.registries.items())
        if host in used
    }
    return Location(
        folder,
        cluster.namespace,
        site.cluster.manifests,
        name if cluster.live else None,
        registries=settings,
        forklift=cluster.forklift,
    )


def _check(mistakes: tuple[Mistake, ...], concerns: Callable[[str], bool]) -> None:
    told = dict.fromkeys(mistake.diagnostic for mistake in mistakes if concerns(mistake.address))
    if told:
        raise SpecError(tuple(sorted(told, key=lambda m: (m.position.line, m.position.column))))


def _declared(name: str, loaded: LoadedSite, observed: Observed) -> DeclaredImage:
    spec = loaded.site.images[name]
    digest = observed.images[name].digest
    return DeclaredImage(
        image_reference(spec), spec.tag, digest, pull_reference(spec, digest, loaded.site.policy)
    )


def _elsewhere(
    loaded: LoadedSite, observed: Observed, *, missing_too: bool
) -> Iterator[tuple[str, Diagnostic]]:
    yield from account_mistakes(loaded, observed)
    yield from storage_mistakes(loaded, observed, missing_too=missing_too)


def _objects(observed: Observed) -> dict[ObjectKey, LiveObject]:
    return {live.key: live for live in (*observed.cluster.controllers, *observed.cluster.providers)}


def _image_changes(loaded: LoadedSite, observed: Observed) -> Iterator[Change]:
    for name, spec in loaded.site.images.items():
        change = image_change(name, spec, observed.images[name], observed.record)
        if change:
            yield change


def _managed(loaded: LoadedSite, observed: Observed, wanted: Desired) -> dict[str, dict[str, Any]]:
    images = {
        image_address(name): image_memory(name, spec, observed.images[name], observed.record)
        for name, spec in loaded.site.images.items()
    }
    settings = {
        key.address: {wish.path: wish.meaning for wish in target.wishes}
        for key, target in sorted(wanted.targets.items())
        if target.wishes
    }
    return {**dict(sorted(images.items())), **settings}


def _managed_more(loaded: LoadedSite, observed: Observed, wanted: Desired) -> dict[str, dict[str, Any]]:
    """What the record says of created providers, secrets, service accounts and storage maps."""
    created = {key.address: created_memory(key, target) for key, target in sorted(wanted.created.items())}
    return {
        **created,
        **secret_memory(observed),
        **account_memory(loaded, observed),
        **storage_memory(loaded, observed),
    }


def _gone(objects: dict[ObjectKey, LiveObject], observed: Observed) -> tuple[str, ...]:
    shared = (*observed.cluster.accounts, *observed.cluster.storage_maps)
    there = {*(key.address for key in objects), *(live.key.address for live in shared), *_unseen(observed)}
    applied = observed.record.applied if observed.record else {}
    secrets = gone_secrets(observed)
    return tuple(sorted(a for a in applied if a in secrets or (room(a) in STAY_GONE and a not in there)))


def _unseen(observed: Observed) -> set[str]:
    return {key.address for key in observed.cluster.unseen}
