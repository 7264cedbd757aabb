"""Which rights a site needs in a cluster: those of docs/rbac.md, for its own namespaces and objects. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from vddkctl.cluster.live.kinds import (
    ACCOUNTS,
    CONFIG_MAPS,
    CONTROLLERS,
    DEPLOYMENTS,
    LEASES,
    MIGRATIONS,
    PLANS,
    PROVIDERS,
    SECRETS,
    STORAGE_MAPS,
    Resource,
)
from vddkctl.cluster.live.record import name_of
from vddkctl.cluster.live.rights import EVERYWHERE, Right
from vddkctl.plan.accounts import pull_secret_works, wanted_accounts
from vddkctl.plan.creation import credentials
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.rules import matching_rule, provider_key
from vddkctl.site.names import is_rule
from vddkctl.site.source import LoadedSite


class Need(Struct, frozen=True):
    """Rights to one kind in one namespace, or to one object of it: ``look`` for plan and drift, ``write`` for apply.

    ``instead``: where those in all namespaces are missing, those in this one do, with less to be seen. ``unless``:
    nothing is needed where this right is there. ``unseen``: it can be done without, and what is not seen then.
    """

    resource: Resource
    namespace: str
    look: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    name: str = ""
    instead: str | None = None
    unless: Right | None = None
    unseen: str = ""

    def rights(self, verbs: Iterable[str], namespace: str | None = None) -> tuple[Right, ...]:
        """One a verb, in another ``namespace`` if one is named."""
        place = self.namespace if namespace is None else namespace
        return tuple(Right(verb, self.resource, place, self.name) for verb in verbs)

    @property
    def asked(self) -> Iterator[Right]:
        """All that the server is to be asked for."""
        verbs = (*self.look, *self.write)
        yield from self.rights(verbs)
        if self.instead is not None:
            yield from self.rights(verbs, self.instead)
        if self.unless:
            yield self.unless


def needs(
    loaded: LoadedSite | None,
    home: str,
    controllers: Collection[str],
    providers: Collection[ObjectKey],
    begun: Collection[Resource] = (),
) -> tuple[Need, ...]:
    """What a site's plan, drift and apply ask the server for; without a spec, what every site does.

    ``home`` is Forklift's namespace; ``controllers`` are the names of ForkliftControllers there, and ``providers``
    those that can be seen. ``begun``: which of the site's own objects, record and lock, are there already.
    """
    found = [*_to_look(loaded, home)]
    if loaded is None or loaded.site.controller.model_fields_set:
        found += [Need(CONTROLLERS, home, write=("get", "patch"), name=name) for name in controllers or ("",)]
    found += _to_apply_providers(loaded, home, providers)
    found += _own(name_of(loaded.site.metadata.name) if loaded else "", home, begun)
    found.append(Need(DEPLOYMENTS, home, write=("get",)))
    if loaded is not None:
        found += [*_storage_maps(loaded, home), *_secrets(loaded, home), *_accounts(loaded)]
    return tuple(found)


def _own(name: str, home: str, begun: Collection[Resource]) -> Iterator[Need]:
    """A site's record and lock, which a role may name, but for those that have to be made."""
    yield Need(CONFIG_MAPS, home, look=("get",), write=("patch",), name=name)
    yield Need(CONFIG_MAPS, home, look=("list",), unseen="the records of other sites")
    yield Need(LEASES, home, write=("get", "update", "patch"), name=name)
    for resource in (CONFIG_MAPS, LEASES):
        if resource not in begun:
            yield Need(resource, home, write=("create",))


def _to_look(loaded: LoadedSite | None, home: str) -> Iterator[Need]:
    """One LIST a kind. Where that is not granted, providers elsewhere that the spec names are looked at one by one."""
    for resource in (CONTROLLERS, PROVIDERS, PLANS, MIGRATIONS):
        yield Need(resource, EVERYWHERE, look=("list",), instead=home)
    for key in _exact(loaded, home):
        if key.namespace != home:
            all_at_once = Right("list", PROVIDERS, EVERYWHERE)
            yield Need(PROVIDERS, key.namespace, look=("get",), name=key.name, unless=all_at_once)


def _to_apply_providers(loaded: LoadedSite | None, home: str, there: Collection[ObjectKey]) -> Iterator[Need]:
    """Each provider by its name, since a role may name them; rules by the providers that are there."""
    verbs = ("get", "patch")
    if loaded is None:
        yield Need(PROVIDERS, home, write=verbs)
        return
    rules = [name for name in loaded.site.providers if is_rule(name)]
    ruled = {key for key in there if matching_rule(rules, key, home)}
    for key in sorted({*_exact(loaded, home), *ruled}):
        yield Need(PROVIDERS, key.namespace, write=verbs, name=key.name)
    if rules and not ruled:
        yield Need(PROVIDERS, home, write=verbs)
    for namespace in sorted({key.namespace for key in _exact(loaded, home, created=True)}):
        yield Need(PROVIDERS, namespace, write=("create",))


def _exact(loaded: LoadedSite | None, home: str, *, created: bool = False) -> list[ObjectKey]:
    providers = loaded.site.providers if loaded else {}
    return [
        provider_key(name, home)
        for name, spec in providers.items()
        if not is_rule(name) and (spec.create is not None or not created)
    ]


def _storage_maps(loaded: LoadedSite, home: str) -> Iterator[Need]:
    if loaded.site.storage_maps:
        yield Need(STORAGE_MAPS, home, look=("list",))
    for name in loaded.site.storage_maps:
        yield Need(STORAGE_MAPS, home, write=("get", "patch"), name=name)


def _secrets(loaded: LoadedSite, home: str) -> Iterator[Need]:
    works = [*pull_secret_works(loaded), *(work for _, _, work in credentials(loaded, {}, home))]
    for work in works:
        yield Need(SECRETS, work.namespace, look=("get",), write=("patch",), name=work.name)
    for namespace in sorted({work.namespace for work in works}):
        yield Need(SECRETS, namespace, write=("create",))  # RBAC knows no names for what is not there yet


def _accounts(loaded: LoadedSite) -> Iterator[Need]:
    """In one LIST, or where that is not granted, one by one."""
    if not loaded.site.pull_secrets:
        return
    all_at_once = Right("list", ACCOUNTS, EVERYWHERE)
    yield Need(ACCOUNTS, EVERYWHERE, look=("list",), unseen="those of plans' target namespaces")
    for key in wanted_accounts(loaded):
        yield Need(ACCOUNTS, key.namespace, look=("get",), name=key.name, unless=all_at_once)
        yield Need(ACCOUNTS, key.namespace, write=("get", "patch"), name=key.name)
