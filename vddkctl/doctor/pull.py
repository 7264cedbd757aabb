"""Whether the pods of a migration can pull: by the service account ``default`` of each plan's target namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vddkctl.cluster.live.kinds import SECRETS
from vddkctl.cluster.live.presence import is_there
from vddkctl.doctor.check import Finding, Group, failed, passed, skipped, warned
from vddkctl.doctor.subject import Subject
from vddkctl.errors import ClusterDeniedError
from vddkctl.plan.accounts import DEFAULT, account_mistakes, pull_secrets, wanted_accounts
from vddkctl.plan.observed import ClusterState, ObjectKey, Observed
from vddkctl.plan.pulling import account_warnings, pull_advice

if TYPE_CHECKING:
    from vddkctl.cluster.live.api import Api
    from vddkctl.cluster.live.home import Home

_GROUP = Group.PULL


def pull_checks(subject: Subject, api: Api, namespace: str | None, home: Home | None) -> Iterator[Finding]:
    """A line for each namespace that plans migrate into, and for each declared account that is not there."""
    from vddkctl.cluster.live.look import accounts, plans

    try:
        seen = plans(api, namespace)
        known = tuple(each for each in seen if home is None or home.has(each.namespace, each.provider))
        targets = sorted({plan.target_namespace for plan in known if plan.target_namespace})
        wanted = wanted_accounts(subject.loaded) if subject.loaded else {}
        keys = [ObjectKey("ServiceAccount", target, DEFAULT) for target in targets]
        found = accounts(api, [*keys, *wanted])
    except ClusterDeniedError as error:
        yield skipped(_GROUP, "service accounts", f"this user may not look: {error.what}")
        return
    state = ClusterState(namespace or "", (), (), live=True, accounts=found, plans=known)
    observed = Observed(state, {}, cluster_name=api.place)
    told: set[str] = set()
    if subject.loaded:
        for address, mistake in account_mistakes(subject.loaded, observed):
            hint = "create it, or take it out of pullSecrets"
            told.add(address)
            yield failed(_GROUP, address, mistake.message, hint)
        for warning in account_warnings(subject.loaded, observed):
            what, _, hint = warning.message.partition(": ")
            told.add(warning.address)
            yield warned(_GROUP, warning.address, what, hint)
    secrets = {account.key: pull_secrets(account) for account in found}
    for key in keys:
        if key.address not in told:
            declared = wanted.get(key, ())
            there = [name for name in secrets.get(key, ()) if name not in declared]
            yield _account(key, [*declared, *there], _missing(api, key.namespace, there), _hint(subject, key))
    if not targets:
        yield skipped(_GROUP, "target namespaces", "no plan of Forklift names one yet")


def _missing(api: Api, namespace: str, names: list[str]) -> list[str]:
    """Secrets that are not there: nobody is told, and what they should pull is not. What cannot be seen is there."""
    return [name for name in names if is_there(api, SECRETS, namespace, name) is False]


def _hint(subject: Subject, key: ObjectKey) -> str:
    """How to give it a pull secret."""
    declared = tuple(subject.loaded.site.pull_secrets) if subject.loaded else ()
    if subject.loaded and declared:
        return pull_advice(subject.loaded.site, key.namespace, declared)
    return "declare one under pullSecrets, with that namespace and the service account"


def _account(key: ObjectKey, names: list[str], missing: list[str], hint: str) -> Finding:
    where = f"plans migrate into namespace {key.namespace}, where {key.name}"
    if missing:
        what = f"{where} names pull secrets that are not there: {', '.join(missing)}"
        mend = f"create {', '.join(missing)}, or take out what is not needed: "
        mend += f"kubectl -n {key.namespace} edit serviceaccount {key.name}"
        others = [name for name in names if name not in missing]
        return warned(_GROUP, key.address, what, mend if others else f"{mend}; or {hint}")
    if names:
        return passed(_GROUP, key.address, f"it pulls with {', '.join(names)}")
    return warned(_GROUP, key.address, f"{where} has no pull secret: only the nodes' own login counts", hint)
