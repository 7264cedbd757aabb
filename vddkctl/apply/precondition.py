"""The check before the first write: everything the plan relies on must still be as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from vddkctl.apply.image import Made, prepare_image, work_of
from vddkctl.apply.moved import moved_object, moved_secret
from vddkctl.apply.writes import key_of
from vddkctl.cluster.base import Cluster, Wanted
from vddkctl.errors import PlanFileError, StalePlanError, VddkctlError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.plan import fields
from vddkctl.plan.exposed import come_to_name
from vddkctl.plan.model import Change, ImageWork, Plan
from vddkctl.plan.observed import ClusterState, LiveObject, Migration
from vddkctl.plan.order import room
from vddkctl.plan.record import Record
from vddkctl.plan.unseen import denied, lacks, providers_among
from vddkctl.prepare import Preparation
from vddkctl.prepare.tags import Tags
from vddkctl.progress import Progress
from vddkctl.registry.read import is_complete, read_origin


class Checked(Struct, frozen=True):
    """A plan that can be carried out.

    ``satisfied`` are addresses that already are as the plan wants them. ``images`` has those to push, or why one
    cannot be made. ``standing`` are addresses that the plan leaves alone and that still are as it says. ``objects`` are
    the settings as they were looked at, ``migrations`` those that run (``all_migrations``: of all namespaces).
    ``digests`` has those of satisfied images.
    """

    satisfied: frozenset[str]
    standing: frozenset[str]
    images: Mapping[str, Made | VddkctlError] = field(default_factory=dict)
    objects: Mapping[str, LiveObject] = field(default_factory=dict)
    migrations: tuple[Migration, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    all_migrations: bool = True


def check(plan: Plan, record: Record | None, places: Places, cluster: Cluster, progress: Progress) -> Checked:
    """Look at everything again.

    Raises :class:`~vddkctl.errors.StalePlanError` naming each thing that moved. An image of the plan that cannot be
    looked at, or whose archive is gone, did not move: it fails when its turn comes, and others do not. One that the
    plan leaves alone and cannot be looked at stops the plan only where settings come to name it: raises RegistryError.
    Raises ClusterDeniedError for a provider that changes and cannot be seen.
    """
    preparation = Preparation(places, progress)
    preparation.tags.look(parse(reference) for reference in _references(plan))
    state = _state(plan, record, cluster)
    _check_same(plan, state)
    objects = _objects(state) if state else {}
    _refuse_unseen(plan, state, cluster)
    satisfied: set[str] = set()
    digests: dict[str, str] = {}
    images: dict[str, Made | VddkctlError] = {}
    moved: list[tuple[str, str]] = []
    for change in plan.changes:
        if change.secret:
            found: str | Made | VddkctlError | None = moved_secret(change, change.secret, cluster, places)
        elif change.image:
            found = _image(change, places, preparation)
            if found is None:
                digests[change.address] = _named(change, preparation)
        else:
            found = moved_object(change, objects)
        if found is None:
            satisfied.add(change.address)
        elif not isinstance(found, str):
            images[change.address] = found
        elif found:
            moved.append((change.address, found))
    left_alone = _left_alone(plan, preparation.tags)
    standing = frozenset(_standing(plan, record, objects, {a for a, there in left_alone.items() if there}))
    if plan.changes:
        moved += (
            (a, f"{plan.images[a].reference} named {plan.images[a].digest}, and does not any more")
            for a, there in left_alone.items()
            if not there
        )
    if moved:
        raise _stale(*moved)
    return Checked(
        frozenset(satisfied),
        standing,
        images,
        objects,
        state.migrations if state else (),
        digests,
        all_migrations=state is None or "Migration" not in state.here_alone,
    )


def _state(plan: Plan, record: Record | None, cluster: Cluster) -> ClusterState | None:
    """What there is; nothing is read when the plan says nothing new of any object."""
    changing = {change.address for change in plan.changes}
    if not any(room(a) != "image" and (a in changing or not _recorded(plan, record, a)) for a in _all(plan)):
        return None
    accounts = tuple(key_of(a) for a in sorted(_all(plan)) if room(a) == "serviceaccount")
    maps = any(room(address) == "storagemap" for address in _all(plan))
    providers = providers_among(_all(plan))
    return cluster.observe(Wanted(plan.location.namespace, accounts, storage_maps=maps, providers=providers))


def _refuse_unseen(plan: Plan, state: ClusterState | None, cluster: Cluster) -> None:
    """What cannot be seen did not move: who carries the plan out may see less than who has made it."""
    changing = {change.address for change in plan.changes}
    unseen = state.unseen if state else ()
    found = [f"{key.address}: it {lacks(key)}" for key in unseen if key.address in changing]
    if found:
        raise denied(found, cluster.name)


def _stale(*moved: tuple[str, str]) -> StalePlanError:
    return StalePlanError(
        "the plan is stale, nothing was written; since it was made:",
        moved=moved,
        hint="make a new one with: vddkctl plan",
    )


def _check_same(plan: Plan, state: ClusterState | None) -> None:
    """Raise StalePlanError for another cluster than the one of the plan: many are called by the same name."""
    planned, found = plan.location.forklift, state.forklift if state else None
    if planned and found and planned != found:
        context = plan.location.context
        raise _stale(("cluster", f"context {context} leads to another one, or Forklift was installed anew"))


def _objects(state: ClusterState) -> dict[str, LiveObject]:
    everything = (*state.controllers, *state.providers, *state.storage_maps, *state.accounts)
    return {live.key.address: live for live in everything}


def _all(plan: Plan) -> set[str]:
    return {*(change.address for change in plan.changes), *plan.unchanged}


def _recorded(plan: Plan, record: Record | None, address: str) -> bool:
    return record is not None and record.applied.get(address) == plan.managed.get(address)


def _references(plan: Plan) -> Iterator[str]:
    """The tags that are looked at: of images that change, and of those that are left alone."""
    yield from (change.image.reference for change in plan.changes if change.image)
    yield from (plan.images[address].reference for address in plan.unchanged if address in plan.images)


def _left_alone(plan: Plan, tags: Tags) -> dict[str, bool]:
    """Whether the images that the plan leaves alone still are what it says; without those that cannot be looked at."""
    named = come_to_name(plan)
    still: dict[str, bool] = {}
    for address in plan.unchanged:
        image = plan.images.get(address)
        if image is None:
            continue
        try:
            found = tags.named(parse(image.reference))
        except VddkctlError:
            if address in named:
                raise
            continue
        still[address] = found is not None and found.digest == image.digest
    return still


def _standing(
    plan: Plan, record: Record | None, objects: Mapping[str, LiveObject], images: set[str]
) -> Iterator[str]:
    # A plan may be older than the last apply. What that changed, and this plan does not, is not for it to record.
    for address in plan.unchanged:
        if room(address) == "image":
            if address in images:
                yield address
        elif room(address) == "secret" or _recorded(plan, record, address):
            yield address  # of a Secret, the record says no more than that it is ours
        elif address in objects:
            spec, wanted = objects[address].spec, plan.managed.get(address, {})
            if all(fields.meaning(p, fields.raw_value(spec, p)) == value for p, value in wanted.items()):
                yield address


def _image(change: Change, places: Places, preparation: Preparation) -> str | Made | VddkctlError | None:
    """The image, or why there is none; what moved; None when the tag already names it."""
    work = work_of(change)
    try:
        reference = parse(work.reference)
        found = preparation.tags.named(reference)
        now = found.digest if found else None
        if found and _is_wanted(work, found, places) and _whole(reference, found, places):
            return None
        if now != change.precondition.digest:
            return f"{work.reference} named {change.precondition.digest or 'nothing'}, now {now or 'nothing'}"
        prepared, moved = prepare_image(change, preparation)
    except PlanFileError:
        raise
    except VddkctlError as error:
        return error
    return prepared or moved


def _is_wanted(work: ImageWork, found: Descriptor, places: Places) -> bool:
    """Whether a tag names the image of the plan: of one that an engine builds, any that was built of the same."""
    if work.inputs is None or work.restores:
        return found.digest == work.digest
    located = places.located(parse(work.reference))
    return read_origin(places.registry(located), located, found).inputs == work.inputs


def _named(change: Change, preparation: Preparation) -> str:
    found = preparation.tags.named(parse(work_of(change).reference))
    assert found
    return found.digest


def _whole(reference: Reference, found: Descriptor, places: Places) -> bool:
    """Whether all parts of an image are there: a registry sees to that by itself."""
    if reference.transport == "docker":
        return True
    located = places.located(reference)
    return is_complete(places.registry(located), located, found)
