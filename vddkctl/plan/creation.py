"""Providers that the spec creates, each with its Secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.plan import fields
from vddkctl.plan.desired import Creation, Desired
from vddkctl.plan.images import image_address
from vddkctl.plan.model import Action, Change, FieldChange, Origin, Precondition, Reason
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.plan.own_secret import own_secret, reference_to, secret_key
from vddkctl.plan.record import Record
from vddkctl.plan.rules import provider_key
from vddkctl.plan.secret_work import SecretWork
from vddkctl.site.diagnostic import Diagnostic
from vddkctl.site.model import CreateSpec, ValueFrom
from vddkctl.site.source import LoadedSite

TYPE = "spec.type"
LABELS = {"createdForProviderType": "vsphere", "createdForResourceType": "providers"}
"""Forklift's webhook tries a Secret with these against vCenter before it lets it in."""

OPTIONAL = frozenset({"ca.crt"})
"""Keys that only some of these Secrets have."""


def creations(wanted: Desired) -> Iterator[Change]:
    """A change for each provider that is declared with ``create`` and is not there."""
    for key, creation in sorted(wanted.created.items()):
        secret = secret_key(key)
        images = {wish.image for wish in creation.wishes} - {None}
        begins = [
            (TYPE, "vsphere"),
            (fields.URL, creation.spec.url),
            (fields.LOGIN, reference_to(secret)),
            *((wish.path, wish.after) for wish in creation.wishes if wish.after is not None),
        ]
        yield Change(
            address=key.address,
            action=Action.CREATE,
            reason=Reason.ABSENT,
            origin=Origin.SPEC,
            fields=tuple(FieldChange(path, None, value) for path, value in begins),
            precondition=Precondition(),
            depends_on=(*sorted(image_address(name) for name in images if name), secret.address),
        )


def creation_mistakes(
    loaded: LoadedSite, observed: Observed, wanted: Desired
) -> Iterator[tuple[str, Diagnostic]]:
    """Providers that cannot be created where they are declared, by address: their Secrets would stand in files."""
    if observed.cluster.live:
        return
    for key, creation in wanted.created.items():
        path = ("providers", creation.entry, "create")
        message = (
            f"provider {key.name} is not in {observed.cluster_name}, and is not created there: its Secret holds a "
            "password, which is never written into a folder that is kept in Git; add its manifest, with a Secret "
            "made in the cluster (or a sealed or external one)"
        )
        yield key.address, Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)


def created_memory(key: ObjectKey, creation: Creation) -> dict[str, Any]:
    """What the record says of a created provider: what may differ later."""
    secret = fields.secret_meaning(reference_to(secret_key(key)))
    begun = {fields.URL: creation.spec.url, fields.LOGIN: secret}
    return {**begun, **{wish.path: wish.meaning for wish in creation.wishes}}


def credentials(
    loaded: LoadedSite,
    providers: Mapping[ObjectKey, LiveObject],
    namespace: str,
    record: Record | None = None,
) -> Iterator[tuple[str, ObjectKey, SecretWork]]:
    """The Secrets of all providers that the spec creates, whether they are there or not, each with whose it is.

    A provider that is there has the Secret of :func:`~vddkctl.plan.own_secret.own_secret`, if any.
    """
    for name, spec in loaded.site.providers.items():
        if spec.create is None:
            continue
        key = provider_key(name, namespace)
        secret = own_secret(providers[key], record) if key in providers else secret_key(key)
        if secret is not None:
            yield (
                name,
                key,
                SecretWork(
                    secret.namespace, secret.name, _data(spec.create), labels=LABELS, provider=key.address
                ),
            )


def _data(spec: CreateSpec) -> dict[str, dict[str, str]]:
    """The keys that Forklift reads of a vSphere provider's Secret."""
    data = {
        "user": _source(spec.credentials.username),
        "password": _source(spec.credentials.password),
        "url": {"text": spec.url},
        "insecureSkipVerify": {"text": str(spec.insecure_skip_verify).lower()},
    }
    if spec.ca_file is not None:
        data["ca.crt"] = {"file": spec.ca_file}
    return data


def _source(value: ValueFrom) -> dict[str, str]:
    return {"env": value.env} if value.env is not None else {"file": value.file or ""}
