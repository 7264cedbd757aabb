"""What a rollback has to look at: the cluster, the tags of then, and whether what they named is still there."""

from __future__ import annotations

from vddkctl.cluster.base import Cluster, Wanted
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.history import Past
from vddkctl.plan.observed import ClusterState, ObjectKey
from vddkctl.plan.order import room
from vddkctl.plan.return_images import Looked, tags_then
from vddkctl.plan.unseen import providers_among
from vddkctl.registry.read import is_complete
from vddkctl.threads import each

_AT_ONCE = 8


def state_for(past: Past, cluster: Cluster, namespace: str | None) -> ClusterState:
    """The cluster, with every object that was managed then or has been written since. Raises ClusterError."""
    addresses = sorted({*past.managed, *past.since})
    accounts = tuple(_account(a) for a in addresses if room(a) == "serviceaccount")
    maps = any(room(address) == "storagemap" for address in addresses)
    providers = providers_among(addresses)
    return cluster.observe(Wanted(namespace, accounts, storage_maps=maps, providers=providers))


def looked_at(past: Past, places: Places) -> Looked:
    """What the tags name now, and which digests of then are there. Raises RegistryError."""
    names: dict[str, str | None] = {}
    kept: dict[tuple[str, str], bool] = {}

    def look(tag: tuple[str, str | None]) -> None:
        reference, digest = tag
        named = places.located(parse(reference))
        registry = places.registry(named)
        found = registry.resolve(named)
        names[reference] = found.digest if found else None
        if digest is not None:
            exact = named.with_digest(digest)
            there = registry.resolve(exact)
            kept[(reference, digest)] = there is not None and is_complete(registry, exact, there)

    wanted = dict.fromkeys((tag.reference, tag.digest) for tag in tags_then(past))
    each(look, wanted, _AT_ONCE)
    return Looked(names, kept)


def _account(address: str) -> ObjectKey:
    namespace, _, name = address.partition(".")[2].partition("/")
    return ObjectKey("ServiceAccount", namespace, name)
