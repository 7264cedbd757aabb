"""The rights of a job in the cluster: those of docs/rbac.md for whoever looks, and of them only what the site needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.plan.accounts import pull_secret_works
from vddkctl.site.source import LoadedSite

_RBAC = "rbac.authorization.k8s.io"
SETTINGS = {
    "apiGroups": ["forklift.konveyor.io"],
    "resources": ["forkliftcontrollers", "providers", "plans", "migrations", "storagemaps"],
    "verbs": ["get", "list"],
}
ACCOUNTS = {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list"]}
"""Only for ``pullSecrets``."""
RECORDS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
"""In Forklift's namespace."""


def roles(loaded: LoadedSite, name: str, namespace: str, forklift: str) -> Iterator[dict[str, Any]]:
    """Roles and bindings for the service account ``name`` in ``namespace``; ``forklift`` is Forklift's namespace."""
    everywhere = [SETTINGS, *([ACCOUNTS] if loaded.site.pull_secrets else [])]
    yield from _granted(name, None, everywhere, namespace)
    secrets = _secrets(loaded, forklift)
    for place in sorted({forklift, *secrets}):
        rules = [RECORDS] if place == forklift else []
        if place in secrets:
            named = {"resourceNames": sorted(secrets[place]), "verbs": ["get"]}
            rules = [*rules, {"apiGroups": [""], "resources": ["secrets"], **named}]
        yield from _granted(name, place, rules, namespace)


def _granted(
    name: str, place: str | None, rules: list[dict[str, Any]], namespace: str
) -> Iterator[dict[str, Any]]:
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
