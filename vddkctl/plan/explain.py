"""The precedence chain of each provider, now and after the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from vddkctl.errors import PlanError
from vddkctl.plan import fields
from vddkctl.plan.desired import Creation, desired, the_controller
from vddkctl.plan.model import Plan
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.site.source import LoadedSite
from vddkctl.vddk.precedence import Level, chain, creation_chain


class Explanation(Struct, frozen=True):
    """One provider: the levels as they are, and as they will be. ``created``: it is not there yet, and both are one."""

    address: str
    now: tuple[Level, ...]
    then: tuple[Level, ...]
    created: bool = False


def explanations(loaded: LoadedSite, observed: Observed, plan: Plan) -> Iterator[Explanation]:
    """Explain every vSphere provider: those that are there, declared or not, and those that the spec creates."""
    found = the_controller(observed)
    controller = None if isinstance(found, str) else found
    whole = desired(loaded, observed)
    wanted = whole.targets
    left = {each.address: each for each in observed.cluster.unsettled if each.image}
    after = {(change.address, field.path): field.after for change in plan.changes for field in change.fields}

    def now(live: LiveObject | None, path: str) -> tuple[str | None, str]:
        if live is None:
            return None, ""
        owner = live.owners.get(path)
        where = (owner.where or owner.manager or "") if owner else ""
        value = fields.meaning(path, fields.raw_value(live.spec, path))
        if value is None and path == fields.CONTROLLER_IMAGE and live.key.address in left:
            return left[live.key.address].image, f"still in effect, by {left[live.key.address].where}"
        return value, where

    def then(live: LiveObject | None, path: str) -> tuple[str | None, str]:
        value, where = now(live, path)
        if live is None:
            return value, where
        target = wanted.get(live.key)
        said = target and any(wish.path == path for wish in target.wishes)
        place = loaded.source.at(*target.entry, "vddkImage") if target and said else where
        key = (live.key.address, path)
        if value and key not in after and not fields.raw_value(live.spec, path):
            return value, where
        return (after[key], place if said else "") if key in after else (value, place)

    def of_live(live: LiveObject) -> Explanation:
        above = observed.cluster.controller_for(live.key.namespace)
        before, after = (
            chain(
                level(live, fields.PROVIDER_IMAGE),
                level(above, fields.CONTROLLER_IMAGE),
                observed.default_image,
            )
            for level in (now, then)
        )
        return Explanation(live.key.address, before, after)

    def of_creation(key: ObjectKey, creation: Creation) -> Explanation:
        said = {wish.path: wish.after for wish in creation.wishes}
        acts = fields.DEFAULT_IMAGE in said
        own = None if acts else said.get(fields.PROVIDER_IMAGE)
        declared = fields.PROVIDER_IMAGE in said and not acts
        place = loaded.source.at("providers", creation.entry, "vddkImage") if declared else ""
        above = then(controller, fields.CONTROLLER_IMAGE)
        if acts and above[0]:  # it is written into the provider, whatever is still in effect
            above = None, ""
        levels = creation_chain((own, place), above, observed.default_image, acts=acts)
        return Explanation(key.address, levels, levels, created=True)

    there = {live.key: live for live in observed.cluster.providers if live.spec.get("type") == "vsphere"}
    for key in sorted({*there, *whole.created}):
        yield of_live(there[key]) if key in there else of_creation(key, whole.created[key])


def chosen(items: Iterable[Explanation], wanted: Sequence[str], namespace: str) -> tuple[Explanation, ...]:
    """The explanations of some providers: each a name, ``namespace/name``, an address, or a glob of these.

    Raises :class:`~vddkctl.errors.PlanError` for one that names none.
    """
    everything = tuple(items)
    if not wanted:
        return everything
    kept: set[str] = set()
    for word in wanted:
        name = word.removeprefix("provider.")
        glob = f"provider.{name}" if "/" in name else f"provider.{namespace}/{name}"
        found = {item.address for item in everything if fnmatchcase(item.address, glob)}
        if not found:
            known = ", ".join(item.address for item in everything) or "none"
            raise PlanError(f"no vSphere provider {word}", hint=f"there are: {known}")
        kept |= found
    return tuple(item for item in everything if item.address in kept)
