"""Pull secrets: each a Secret in some namespaces, and service accounts that use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.plan.desired import was_applied
from vddkctl.plan.model import Action, Change, FieldChange, Origin, PlanWarning, Precondition, Reason
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.plan.order import room
from vddkctl.plan.record import Record, as_intended, found_so, known_addresses, known_parts, may_be_set
from vddkctl.plan.secret_work import DOCKER_CONFIG, SecretWork
from vddkctl.site.diagnostic import Diagnostic
from vddkctl.site.source import LoadedSite

LIST = "imagePullSecrets"
DEFAULT = "default"
"""The service account that Forklift's jobs run with in a plan's target namespace."""


def pull_secret_works(loaded: LoadedSite) -> Iterator[SecretWork]:
    """The Secrets that ``pullSecrets`` declares."""
    for name, spec in loaded.site.pull_secrets.items():
        for namespace in spec.namespaces:
            data = {".dockerconfigjson": {"registry": spec.registry}}
            yield SecretWork(namespace, name, data, type=DOCKER_CONFIG)


def wanted_accounts(loaded: LoadedSite) -> dict[ObjectKey, tuple[str, ...]]:
    """The service accounts that ``pullSecrets`` names, each with the secrets that it should pull with."""
    wanted: dict[ObjectKey, tuple[str, ...]] = {}
    for name, spec in loaded.site.pull_secrets.items():
        for namespace in spec.namespaces:
            for account in spec.service_accounts:
                key = ObjectKey("ServiceAccount", namespace, account)
                wanted[key] = (*wanted.get(key, ()), name)
    return wanted


def applied_accounts(record: Record | None) -> Iterator[ObjectKey]:
    """The service accounts that the last apply knew of."""
    for address in known_addresses(record):
        if room(address) == "serviceaccount":
            namespace, _, name = address.partition(".")[2].partition("/")
            yield ObjectKey("ServiceAccount", namespace, name)


def account_changes(loaded: LoadedSite, observed: Observed) -> Iterator[Change]:
    """Secrets that service accounts lack are added to them; those that are no longer declared are taken away."""
    wanted = wanted_accounts(loaded)
    for account in observed.cluster.accounts:
        names, has = wanted.get(account.key, ()), pull_secrets(account)
        lacking = [name for name in names if name not in has]
        ours = [name for name in _ours(observed, account) if entry(name) not in account.other_sites]
        surplus = [name for name in ours if name not in names and name in has]
        if lacking or surplus:
            yield Change(
                address=account.key.address,
                action=Action.UPDATE if lacking else Action.RELEASE,
                reason=Reason.ABSENT if lacking else Reason.NO_LONGER_DECLARED,
                origin=_origin(observed, account, lacking),
                fields=(
                    *(
                        FieldChange(entry(name), None, name, origin=_origin(observed, account, [name]))
                        for name in lacking
                    ),
                    *(FieldChange(entry(name), name, None) for name in surplus),
                ),
                precondition=Precondition(resource_version=account.resource_version, uid=account.uid or None),
                depends_on=tuple(
                    ObjectKey("Secret", account.key.namespace, name).address for name in lacking
                ),
            )


def accounts_elsewhere(loaded: LoadedSite, observed: Observed) -> Iterator[tuple[ObjectKey, str]]:
    """Entries that are no longer declared, and stay since another site declares them."""
    wanted = wanted_accounts(loaded)
    for account in observed.cluster.accounts:
        for name in _ours(observed, account):
            stays = name in pull_secrets(account) and entry(name) in account.other_sites
            if stays and name not in wanted.get(account.key, ()):
                yield account.key, entry(name)


def account_memory(loaded: LoadedSite, observed: Observed) -> dict[str, dict[str, Any]]:
    """What the record says of service accounts."""
    there = {account.key: account for account in observed.cluster.accounts}
    return {
        key.address: {
            **{entry(name): name for name in names},
            **{found_so(entry(name)): None for name in names if _is_found(name, there[key], observed)},
        }
        for key, names in sorted(wanted_accounts(loaded).items())
        if key in there
    }


def _is_found(name: str, account: LiveObject, observed: Observed) -> bool:
    """Whether the account had this before anybody declared it."""
    ours = may_be_set(observed.record, account.key.address, entry(name))
    return name in pull_secrets(account) and not ours and not account.others_set(entry(name))


def account_mistakes(loaded: LoadedSite, observed: Observed) -> Iterator[tuple[str, Diagnostic]]:
    """Service accounts that do not exist, by address."""
    there = {account.key for account in observed.cluster.accounts}
    for key, names in wanted_accounts(loaded).items():
        if key not in there:
            path = ("pullSecrets", names[0], "serviceAccounts")
            message = f"no ServiceAccount {key.name} in {observed.cluster_name}, namespace {key.namespace}"
            message += " (it was there at the last apply)" if was_applied(key, observed) else ""
            yield key.address, Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)


def unwritten_secrets(loaded: LoadedSite, observed: Observed) -> Iterator[PlanWarning]:
    """The Secrets themselves, where they would stand in files for everybody to read."""
    if observed.cluster.live:
        return
    for work in pull_secret_works(loaded):
        yield PlanWarning(
            "secret-not-written",
            ObjectKey("Secret", work.namespace, work.name).address,
            f"no login is written into a folder that is kept in Git: make the Secret in the cluster, by "
            f"kubectl create secret docker-registry {work.name} -n {work.namespace}, or as a sealed or external one",
        )


def pull_secrets(account: LiveObject) -> list[str]:
    """The names of the secrets that a service account pulls with."""
    return list(account.spec.get(LIST, ()))


def entry(name: str) -> str:
    """The path of one entry of a service account's list."""
    return f"{LIST}[{name}]"


def _applied(observed: Observed, account: LiveObject) -> list[str]:
    fields: Mapping[str, Any] = (
        observed.record.applied.get(account.key.address, {}) if observed.record else {}
    )
    return [str(value) for value in fields.values() if value]


def _ours(observed: Observed, account: LiveObject) -> list[str]:
    """What was applied, or was begun to be: a run that was killed may have written it."""
    address = account.key.address
    known = [(path, value) for part in known_parts(observed.record, address) for path, value in part.items()]
    ours = (str(value) for path, value in known if value and may_be_set(observed.record, address, path))
    return list(dict.fromkeys(ours))


def _origin(observed: Observed, account: LiveObject, names: list[str]) -> Origin:
    """Drift is what was applied and is not there any more, but for what a run that was killed has given back."""
    applied, address = _applied(observed, account), account.key.address
    lost = [name for name in names if not as_intended(observed.record, address, entry(name), None)]
    return Origin.DRIFT if names and all(name in applied and name in lost for name in names) else Origin.SPEC
