"""Whether what Forklift's plans start in their target namespaces can pull: told of a site that has pull secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from vddkctl.oci.reference import Reference, parse
from vddkctl.plan.accounts import DEFAULT, pull_secrets, wanted_accounts
from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import ClusterState, ObjectKey, Observed
from vddkctl.site.model import INHERIT, Site
from vddkctl.site.source import LoadedSite


class _Lacking(Struct, frozen=True):
    """An account that has none of a site's ``names`` for a registry, and the ``others`` that it has."""

    account: ObjectKey
    registry: str
    names: tuple[str, ...]
    others: tuple[str, ...]


def account_warnings(loaded: LoadedSite, observed: Observed) -> Iterator[PlanWarning]:
    """Target namespaces of Forklift's plans in which nothing can pull an image that has a pull secret."""
    for each in _lacking(loaded, observed.cluster):
        known = {name: observed.pulls.get(_secret(each.account, name)) for name in each.others}
        if any(each.registry in hosts for hosts in known.values() if hosts):
            continue
        unseen = [name for name, hosts in known.items() if hosts is None]
        if unseen:
            what = f"none of this site's pull secrets for {each.registry}; "
            what += f"whether {', '.join(unseen)} is for it is not seen"
        else:
            what = f"no pull secret for {each.registry}"
        where = (
            f"plans migrate into namespace {each.account.namespace}, where the service account {DEFAULT} has"
        )
        advice = pull_advice(loaded.site, each.account.namespace, each.names)
        yield PlanWarning("cannot-pull", each.account.address, f"{where} {what}: {advice}")


def unknown_secrets(loaded: LoadedSite, cluster: ClusterState) -> tuple[ObjectKey, ...]:
    """Secrets that are not this site's, and that may be what such an account pulls with."""
    return tuple(
        sorted({_secret(each.account, name) for each in _lacking(loaded, cluster) for name in each.others})
    )


def pulled_from(site: Site) -> Mapping[str, tuple[Reference, ...]]:
    """What the cluster pulls, by registry: images that are declared, and those that are named in full."""
    found: dict[str, list[Reference]] = {}
    for reference in _references(site):
        found.setdefault(reference.host, []).append(reference)
    return {host: tuple(references) for host, references in found.items()}


def pull_advice(site: Site, namespace: str, names: tuple[str, ...]) -> str:
    """What of a site gives the default account of a namespace one of these pull secrets."""
    specs = site.pull_secrets
    there = [name for name in names if namespace in specs[name].namespaces]
    if there:
        return f"add {DEFAULT} to pullSecrets.{there[0]}.serviceAccounts"
    ready = [name for name in names if DEFAULT in specs[name].service_accounts]
    if ready:
        return f"add {namespace} to pullSecrets.{ready[0]}.namespaces"
    return f"add {namespace} to pullSecrets.{names[0]}.namespaces, and {DEFAULT} to its serviceAccounts"


def _lacking(loaded: LoadedSite, cluster: ClusterState) -> Iterator[_Lacking]:
    wanted = wanted_accounts(loaded)
    accounts = {account.key: account for account in cluster.accounts}
    pulled = pulled_from(loaded.site)
    registries: dict[str, list[str]] = {}
    for name, spec in loaded.site.pull_secrets.items():
        if spec.registry in pulled:
            registries.setdefault(spec.registry, []).append(name)
    targets = {plan.target_namespace for plan in cluster.plans if plan.target_namespace}
    for namespace in sorted(targets):
        key = ObjectKey("ServiceAccount", namespace, DEFAULT)
        if key not in accounts and key not in wanted:
            continue  # not seen is not lacking
        has = [name for name in pull_secrets(accounts[key]) if name.strip(".")] if key in accounts else []
        for registry, names in registries.items():
            if not {*has, *wanted.get(key, ())} & set(names):
                yield _Lacking(key, registry, tuple(names), tuple(has))


def _secret(account: ObjectKey, name: str) -> ObjectKey:
    return ObjectKey("Secret", account.namespace, name)


def _references(site: Site) -> Iterator[Reference]:
    for image in site.images.values():
        yield parse(image.cluster_repository or image.repository)
    for said in (site.controller.vddk_image, *(spec.vddk_image for spec in site.providers.values())):
        if said and said != INHERIT and said not in site.images:
            yield parse(said)
