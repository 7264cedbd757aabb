"""Secrets that two parts of the spec would write, each otherwise: the one that comes last would win, without a word."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.plan.accounts import pull_secret_works
from vddkctl.plan.creation import credentials
from vddkctl.plan.observed import ObjectKey, Observed
from vddkctl.plan.secret_work import SecretWork
from vddkctl.site.diagnostic import Diagnostic, KeyPath
from vddkctl.site.source import LoadedSite

_Said = tuple[KeyPath, str, SecretWork]
"""Where the spec asks for a Secret, for which address, and how it is to be."""


def shared_secret_mistakes(loaded: LoadedSite, observed: Observed) -> Iterator[tuple[str, Diagnostic]]:
    """One mistake for each part of the spec that comes second, told for every address that it is about."""
    if not observed.cluster.live:
        return
    first: dict[ObjectKey, _Said] = {}
    for said in _all(loaded, observed):
        path, address, work = said
        key = ObjectKey("Secret", work.namespace, work.name)
        before, first_address, other = first.setdefault(key, said)
        if (other.data, other.type) == (work.data, work.type):
            continue
        place = loaded.source.key(*before)
        message = (
            f"the Secret {key.namespace}/{key.name} is to hold another login as well, that of "
            f"{'.'.join(map(str, before[:2]))} (at {place.line}:{place.column}): one would overwrite the other; "
            f"{_advice(path)}"
        )
        mistake = Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)
        for each in dict.fromkeys((first_address, address, key.address)):
            yield each, mistake


def _advice(path: KeyPath) -> str:
    if path[0] == "pullSecrets":
        return "give the pull secret another name"
    return f"let the provider {path[1]} use a Secret of its own"


def _all(loaded: LoadedSite, observed: Observed) -> Iterator[_Said]:
    providers = {provider.key: provider for provider in observed.cluster.providers}
    for entry, key, work in credentials(loaded, providers, observed.cluster.namespace, observed.record):
        yield ("providers", entry, "create"), key.address, work
    for work in pull_secret_works(loaded):
        yield ("pullSecrets", work.name), ObjectKey("Secret", work.namespace, work.name).address, work
