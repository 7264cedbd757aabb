"""What else there is in a cluster: storage maps, service accounts, Forklift's plans, migrations that run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.home import Home
from vddkctl.cluster.live.kinds import ACCOUNTS, MIGRATIONS, PLANS, STORAGE_MAPS
from vddkctl.cluster.live.listing import listed, listed_widely
from vddkctl.cluster.live.objects import live_object
from vddkctl.cluster.live.raw import Account, RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError
from vddkctl.plan.observed import Activity, LiveObject, Migration, MigrationPlan, ObjectKey, Problem
from vddkctl.threads import each

_AT_ONCE = 8
_OVER = frozenset({"Succeeded", "Failed", "Canceled"})
_ABOUT_VDDK = "VDDK"


def storage_maps(api: Api, namespace: str) -> tuple[LiveObject, ...]:
    """Those in Forklift's namespace."""
    return tuple(live_object("StorageMap", raw) for raw in listed(api, STORAGE_MAPS, namespace, RawObject))


def plans(api: Api, home: str | None) -> tuple[MigrationPlan, ...]:
    """Forklift's plans that are not archived: of all namespaces, or where this user may not see them, of ``home``."""
    found, _ = listed_widely(api, PLANS, home, RawObject)
    return tuple(_plan(raw) for raw in found if not raw.spec.get("archived"))


def activity(api: Api, home: Home) -> tuple[Activity, bool]:
    """What this Forklift is at; and whether migrations of all namespaces were seen.

    Another Forklift in the same cluster has plans and migrations of its own, which are no matter here.
    """
    known = plans(api, home.namespace)
    running, everywhere = migrations(api, home.namespace, known)
    found = Activity(
        tuple(plan for plan in known if home.has(plan.namespace, plan.provider)),
        tuple(each for each in running if home.has(each.namespace, each.provider)),
    )
    return found, everywhere


def migrations(api: Api, home: str, known: Iterable[MigrationPlan]) -> tuple[tuple[Migration, ...], bool]:
    """Migrations that run now, each with its plan's provider; and whether those of all namespaces were seen."""
    providers = {(plan.namespace, plan.name): plan.provider for plan in known}
    found, everywhere = listed_widely(api, MIGRATIONS, home, RawObject)
    running = (
        Migration(raw.metadata.namespace, raw.metadata.name, providers.get(_plan_of(raw)))
        for raw in found
        if _runs(raw)
    )
    return tuple(running), everywhere


def accounts(api: Api, wanted: Iterable[ObjectKey]) -> tuple[LiveObject, ...]:
    """Service accounts of the wanted names: in all namespaces where that may be seen, else the wanted ones alone."""
    keys = sorted(set(wanted))
    if not keys:
        return ()
    try:
        found = [item for name in sorted({key.name for key in keys}) for item in _named(api, name)]
    except ClusterDeniedError:
        found = [item for item in each(lambda key: _account(api, key), keys, _AT_ONCE) if item is not None]
    return tuple(sorted((_live_account(item) for item in found), key=lambda item: item.key))


def _named(api: Api, name: str) -> Iterator[Account]:
    return listed(api, ACCOUNTS, None, Account, {"fieldSelector": f"metadata.name={name}"})


def _account(api: Api, key: ObjectKey) -> Account | None:
    try:
        return api.get(ACCOUNTS.path(key.namespace, key.name), of=Account)
    except RefusedError as refused:
        if refused.code != 404:
            raise
        return None


def _live_account(raw: Account) -> LiveObject:
    key = ObjectKey("ServiceAccount", raw.metadata.namespace, raw.metadata.name)
    names = [str(entry.get("name", "")) for entry in raw.image_pull_secrets]
    return LiveObject(key, {"imagePullSecrets": names}, raw.metadata.resource_version, uid=raw.metadata.uid)


def _plan(raw: RawObject) -> MigrationPlan:
    source = (raw.spec.get("provider") or {}).get("source") or {}
    conditions = raw.status.conditions if raw.status else ()
    return MigrationPlan(
        raw.metadata.namespace,
        raw.metadata.name,
        str(raw.spec.get("targetNamespace") or ""),
        ObjectKey(
            "Provider", str(source.get("namespace") or raw.metadata.namespace), str(source.get("name") or "")
        ),
        tuple(
            Problem(c.type, c.category, c.message)
            for c in conditions
            if _ABOUT_VDDK in c.type and c.status == "True"
        ),
    )


def _plan_of(raw: RawObject) -> tuple[str, str]:
    plan = raw.spec.get("plan") or {}
    return str(plan.get("namespace") or raw.metadata.namespace), str(plan.get("name") or "")


def _runs(raw: RawObject) -> bool:
    """Forklift: ``Running`` is true, and it has not ended in one way or another."""
    true = {c.type for c in (raw.status.conditions if raw.status else ()) if c.status == "True"}
    return "Running" in true and not true & _OVER
