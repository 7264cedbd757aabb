"""The rights of a job in the cluster: those of docs/rbac.md, and of them only what the site needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.plan.accounts import pull_secret_works, wanted_accounts
from vddkctl.site.source import LoadedSite

_RBAC = "rbac.authorization.k8s.io"
_FORKLIFT = "forklift.konveyor.io"
SETTINGS = {
    "apiGroups": [_FORKLIFT],
    "resources": ["forkliftcontrollers", "providers", "plans", "migrations", "storagemaps"],
    "verbs": ["list"],
}
ACCOUNTS = {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list"]}
"""Only for ``pullSecrets``."""
RECORDS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
"""In Forklift's namespace."""

Rules = list[dict[str, Any]]


def roles(
    loaded: LoadedSite, name: str, namespace: str, forklift: str, *, heal: bool
) -> Iterator[dict[str, Any]]:
    """Roles and bindings for the service account ``name`` in ``namespace``; ``forklift`` is Forklift's namespace."""
    accounts = [ACCOUNTS] if loaded.site.pull_secrets else []
    healing = _healing(loaded, forklift) if heal else {}
    everywhere = [SETTINGS, *accounts, *healing.pop("", [])]
    yield from _granted(name, None, everywhere, namespace)
    secrets = _secrets(loaded, forklift)
    for place in sorted({forklift, *secrets, *healing}):
        rules = [RECORDS] if place == forklift else []
        rules += healing.get(place, [])
        if place in secrets:
            rules.append(_rule("", "secrets", "get", named=sorted(secrets[place])))
        yield from _granted(name, place, rules, namespace)


def _healing(loaded: LoadedSite, forklift: str) -> dict[str, Rules]:
    """By namespace, "" for all: to put back what is drift, to hold the lock, and to write that down.

    What is gone is not made again, so that nothing but the lock may be created.
    """
    site = loaded.site
    record = f"vddkctl-{site.metadata.name}"
    kept = [
        _rule("", "configmaps", "patch", named=[record]),
        _rule("coordination.k8s.io", "leases", "create"),
        _rule("coordination.k8s.io", "leases", "get", "update", "patch", named=[record]),
    ]
    rules = {forklift: kept}

    def patched(place: str, group: str, kind: str) -> None:
        rules.setdefault(place, []).append(_rule(group, kind, "get", "patch"))

    if site.controller.model_fields_set:
        patched(forklift, _FORKLIFT, "forkliftcontrollers")
    if site.storage_maps:
        patched(forklift, _FORKLIFT, "storagemaps")
    for place in sorted({_namespace(key, forklift) for key in site.providers}):
        patched(place, _FORKLIFT, "providers")
    accounts: dict[str, list[str]] = {}
    for key in wanted_accounts(loaded):
        accounts.setdefault(key.namespace, []).append(key.name)
    for place, names in accounts.items():
        rules.setdefault(place, []).append(_rule("", "serviceaccounts", "patch", named=sorted(names)))
    return rules


def _namespace(provider: str, forklift: str) -> str:
    """Where the providers of a key are; "" where a rule says which."""
    place, _, _ = provider.rpartition("/")
    return "" if any(sign in place for sign in "*?[") else place or forklift


def _rule(group: str, kind: str, *verbs: str, named: list[str] | None = None) -> dict[str, Any]:
    names = {"resourceNames": named} if named else {}
    return {"apiGroups": [group], "resources": [kind], **names, "verbs": list(verbs)}


def _granted(name: str, place: str | None, rules: Rules, namespace: str) -> Iterator[dict[str, Any]]:
    kind = "Role" if place else "ClusterRole"
    metadata = {"name": name, **({"namespace": place} if place else {})}
    yield {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": rules}
    yield {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }


def _secrets(loaded: LoadedSite, forklift: str) -> dict[str, set[str]]:
    """The Secrets that the site declares, by namespace."""
    found: dict[str, set[str]] = {}
    for work in pull_secret_works(loaded):
        found.setdefault(work.namespace, set()).add(work.name)
    for key, provider in loaded.site.providers.items():
        if provider.create is not None:
            namespace, _, name = key.rpartition("/")
            found.setdefault(namespace or forklift, set()).add(f"{name}-credentials")
    return found
