"""The Secret of a provider that the spec creates: the one it was created with, or that it named when it was adopted.

Whoever may change a provider can let it name any Secret: a login does not follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.plan import fields
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.plan.order import room
from vddkctl.plan.record import Record
from vddkctl.plan.rules import provider_key
from vddkctl.site.diagnostic import Diagnostic
from vddkctl.site.source import LoadedSite


def secret_key(provider: ObjectKey) -> ObjectKey:
    """The Secret of a provider that is created."""
    return ObjectKey("Secret", provider.namespace, f"{provider.name}-credentials")


def reference_to(secret: ObjectKey) -> dict[str, str]:
    """How a provider names a Secret."""
    return {"name": secret.name, "namespace": secret.namespace}


def named_secret(live: LiveObject) -> ObjectKey | None:
    """The Secret that a provider names; one without a namespace is beside it."""
    return _named(fields.meaning(fields.LOGIN, live.spec.get("secret")), live.key)


def own_secret(live: LiveObject, record: Record | None) -> ObjectKey | None:
    """The Secret that a login is written to: the one that is remembered, or else what the provider names.

    None where nothing is remembered and it names one of another namespace: anybody may have made it do so.
    """
    known = remembered_secret(live, record)
    if known is not None:
        return known
    found = named_secret(live) or secret_key(live.key)
    return found if found.namespace == live.key.namespace else None


def remembered_secret(live: LiveObject, record: Record | None) -> ObjectKey | None:
    """The Secret that a provider had when vddkctl created or adopted it, or wrote that Secret.

    Records of before do not say so: there it is one beside the provider that vddkctl has written, the one that the
    provider names or else the one that it is created with.
    """
    parts = (record.applied, record.intended) if record else ()
    for part in parts:
        text = part.get(live.key.address, {}).get(fields.LOGIN)
        found = _named(text, live.key) or _written_for(live.key, part)
        if found is not None:
            return found
    named = named_secret(live)
    beside = [key for key in (named, secret_key(live.key)) if key and key.namespace == live.key.namespace]
    return next((key for key in beside if any(key.address in part for part in parts)), None)


def kept_secrets(managed: Mapping[str, Mapping[str, Any]], record: Record) -> dict[str, dict[str, Any]]:
    """What was managed once, with the Secrets of providers that are remembered by now, and were not then."""
    kept = {address: dict(known) for address, known in managed.items()}
    for address, known in kept.items():
        now = record.applied.get(address, {})
        if fields.URL in known and fields.LOGIN in now:
            known.setdefault(fields.LOGIN, now[fields.LOGIN])
    return kept


def foreign_secret_mistakes(loaded: LoadedSite, observed: Observed) -> Iterator[tuple[str, Diagnostic]]:
    """Providers that are adopted and name a Secret of another namespace, by address."""
    if not observed.cluster.live:
        return
    there = {provider.key: provider for provider in observed.cluster.providers}
    for name, spec in loaded.site.providers.items():
        live = there.get(provider_key(name, observed.cluster.namespace))
        if spec.create is None or live is None or own_secret(live, observed.record) is not None:
            continue
        named, key, path = named_secret(live), live.key, ("providers", name, "create")
        assert named
        message = (
            f"the provider {key.name} names the Secret {named.namespace}/{named.name}, which is not in its own "
            f"namespace, and vddkctl does not remember it: no login is written there; let the provider name a Secret "
            f"in {key.namespace}, or take create out and leave its Secret to others"
        )
        yield key.address, Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)


def _named(text: object, provider: ObjectKey) -> ObjectKey | None:
    """The Secret of ``NAMESPACE/NAME``, or of ``NAME`` beside the provider."""
    if not isinstance(text, str) or not text:
        return None
    namespace, slash, name = text.rpartition("/")
    return ObjectKey("Secret", namespace if slash else provider.namespace, name)


def _written_for(provider: ObjectKey, part: Mapping[str, Mapping[str, Any]]) -> ObjectKey | None:
    for address, known in part.items():
        if room(address) == "secret" and provider.address in known:
            return _named(address.partition(".")[2], provider)
    return None
