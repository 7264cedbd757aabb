"""What a user with rights in some namespaces may not see: it is never taken for gone, and never forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vddkctl.errors import ClusterDeniedError
from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import ObjectKey, Observed
from vddkctl.plan.own_secret import secret_key
from vddkctl.plan.record import known_addresses
from vddkctl.plan.rules import provider_key
from vddkctl.site.names import is_rule
from vddkctl.site.source import LoadedSite

NOT_SEEN = "not-seen"
"""The code of the warning."""

_PROVIDERS = "providers.forklift.konveyor.io"


def providers_among(addresses: Iterable[str]) -> tuple[ObjectKey, ...]:
    """The providers of some addresses."""
    parts = (address.partition(".") for address in addresses)
    named = (rest.partition("/") for room, _, rest in parts if room == "provider")
    return tuple(ObjectKey("Provider", head, tail) for head, slash, tail in named if slash and tail)


def named_elsewhere(loaded: LoadedSite) -> tuple[ObjectKey, ...]:
    """The providers that the spec names with their namespace."""
    names = (name for name in loaded.site.providers if "/" in name and not is_rule(name))
    return tuple(provider_key(name, "") for name in names)


def refuse_unseen(loaded: LoadedSite, observed: Observed, concerns: Callable[[str], bool]) -> None:
    """Raise ClusterDeniedError where providers that the spec names, and that are concerned, cannot be seen."""
    unseen = set(observed.cluster.unseen)
    found: dict[str, None] = {}
    for name, spec in loaded.site.providers.items():
        key = provider_key(name, observed.cluster.namespace)
        secret = secret_key(key).address if spec.create is not None else key.address
        if key in unseen and (concerns(key.address) or concerns(secret)):
            place = loaded.source.at("providers", name)
            found[f"{place}: {key.address}: it {lacks(key)}"] = None
    if found:
        raise denied(
            found, observed.cluster_name, " (plan, drift and apply do without it: --exclude ADDRESS)"
        )


def denied(lines: Iterable[str], cluster: str, more: str = "") -> ClusterDeniedError:
    """The error for what cannot be seen, and has to be. ``more`` is a hint besides."""
    return ClusterDeniedError(
        "what is named cannot be seen:\n" + "\n".join(f"  {line}" for line in lines),
        where=cluster,
        hint=f"docs/rbac.md has the rights that vddkctl needs{more}",
    )


def lacks(key: ObjectKey) -> str:
    """Why a provider is not seen."""
    return f"cannot be seen: this user may not get {_PROVIDERS} in namespace {key.namespace}"


def unseen_warnings(loaded: LoadedSite, observed: Observed) -> Iterator[PlanWarning]:
    """What stays as it is, unseen."""
    state, known = observed.cluster, known_addresses(observed.record)
    for key in state.unseen:
        kept = ", and so does what the record knows of it" if key.address in known else ""
        yield PlanWarning(NOT_SEEN, key.address, f"{lacks(key)}; it stays as it is{kept}")
    if "Provider" not in state.here_alone:
        return
    for rule in filter(is_rule, loaded.site.providers):
        namespace, slash, _ = rule.partition("/")
        if slash and namespace != state.namespace:
            text = (
                f'the rule "{rule}" is for providers of other namespaces, and of these only those are seen that '
                f"the spec or the record names: this user may not list {_PROVIDERS} in all namespaces"
            )
            yield PlanWarning(NOT_SEEN, f"providers.{rule}", text)
