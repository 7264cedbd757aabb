"""Declared Secrets, compared with those that are there. What comes out holds no value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from vddkctl.cluster.base import Cluster, StoredSecret
from vddkctl.places import Places
from vddkctl.plan.accounts import pull_secret_works
from vddkctl.plan.creation import credentials
from vddkctl.plan.observed import ClusterState, ObjectKey, ObservedSecret
from vddkctl.plan.record import Record
from vddkctl.plan.secret_work import DOCKER_CONFIG, SecretWork
from vddkctl.prepare.secret_values import missing_values, values_of
from vddkctl.site.source import LoadedSite
from vddkctl.threads import each

_AT_ONCE = 8
_OLD_NAMES: Mapping[str, str] = {"ca.crt": "cacert"}
"""Keys that Forklift reads under a name of before, too."""


def observed_secrets(
    loaded: LoadedSite, cluster: Cluster, state: ClusterState, record: Record | None, places: Places
) -> dict[ObjectKey, ObservedSecret]:
    """Every declared Secret. Raises ClusterError when one cannot be looked at.

    A value that cannot be read here matters only where it has to be written: then it is told when its turn comes.
    """
    providers = {provider.key: provider for provider in state.providers}
    works = [
        *pull_secret_works(loaded),
        *(work for _, _, work in credentials(loaded, providers, state.namespace, record)),
    ]
    found = each(lambda work: _compared(work, cluster, places), works, _AT_ONCE)
    return {key_of(secret.work): secret for secret in found}


def key_of(work: SecretWork) -> ObjectKey:
    """The object of a Secret."""
    return ObjectKey("Secret", work.namespace, work.name)


def _compared(work: SecretWork, cluster: Cluster, places: Places) -> ObservedSecret:
    there = cluster.read_secret(key_of(work))
    version = there.resource_version if there else ""
    other = there.type if there and _has_other_type(work, there) else ""
    missing = missing_values(work, places)
    if missing:
        unknown = ", ".join(dict.fromkeys(str(error).partition("\n")[0] for error in missing))
        return ObservedSecret(
            work, exists=there is not None, resource_version=version, unknown=unknown, other_type=other
        )
    values = values_of(work, places)
    if there is None:
        return ObservedSecret(work, exists=False)
    differing = tuple(values) if _is_mistyped(work, there) else tuple(_differing(work, values, there.values))
    return ObservedSecret(
        work,
        exists=True,
        differing=differing,
        resource_version=version,
        owners=there.owners,
        lacking=frozenset(differing) - there.values.keys(),
        other_type=other if differing else "",
        # Of somebody else's Secret they do not matter where nothing else is written: Forklift reads the values.
        labels=dict(_labels(work, there)) if differing or there.ours else {},
        label_owners=there.label_owners,
        ours=there.ours,
    )


def _has_other_type(work: SecretWork, there: StoredSecret) -> bool:
    return there.type not in ("", work.type)


def _is_mistyped(work: SecretWork, there: StoredSecret) -> bool:
    """A kubelet takes logins from Secrets of their type alone; Forklift does not look at the type."""
    return work.type == DOCKER_CONFIG and _has_other_type(work, there)


def as_stored(work: SecretWork, values: Mapping[str, bytes], there: StoredSecret) -> dict[str, bytes]:
    """The values to write: where one has the meaning of what is there already, that very one.

    A value that is written as it is belongs to both, us and whoever has set it; another spelling would be a conflict.
    """
    return {
        key: there.values[key] if key in there.values and _same(work, value, there.values[key]) else value
        for key, value in values.items()
    }


def is_stored(
    work: SecretWork, values: Mapping[str, bytes], there: StoredSecret, labels: Collection[str] = ()
) -> bool:
    """Whether a Secret says all that it should, with these labels, and is of the type by which it is found."""
    if _is_mistyped(work, there) or not {name for name, _ in _labels(work, there)}.isdisjoint(labels):
        return False
    return not any(True for _ in _differing(work, values, there.values))


def _labels(work: SecretWork, there: StoredSecret) -> Iterable[tuple[str, str | None]]:
    """The labels that are not as they are written, each as it is."""
    for name, value in work.labels.items():
        now = there.labels.get(name)
        if now != value:
            yield name, now


def _differing(work: SecretWork, values: Mapping[str, bytes], now: Mapping[str, bytes]) -> Iterable[str]:
    for key, value in values.items():
        if not _same(work, value, now.get(key, now.get(_OLD_NAMES.get(key, ""), b""))):
            yield key


def _same(work: SecretWork, value: bytes, found: bytes) -> bool:
    if work.type == DOCKER_CONFIG:
        return _logins(found) == _logins(value)
    return found.rstrip() == value.rstrip()


def _logins(content: bytes) -> object:
    """A Docker configuration by meaning: other tools write other spaces, and leave out what can be told."""
    import json
    from base64 import b64decode

    try:
        auths = json.loads(content)["auths"]
        return {
            host: (entry.get("auth") and b64decode(entry["auth"]).decode())
            or f"{entry.get('username')}:{entry.get('password')}"
            for host, entry in auths.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return content
