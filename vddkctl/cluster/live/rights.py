"""What a user may do, asked beforehand: SelfSubjectAccessReview, which every user may create of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.cluster.base import ObjectChange
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import (
    BY_KIND,
    CONFIG_MAPS,
    LEASES,
    REVIEWS,
    Resource,
)
from vddkctl.cluster.live.presence import is_there
from vddkctl.cluster.live.record import name_of
from vddkctl.decoding import decoded
from vddkctl.errors import ClusterError
from vddkctl.threads import each

_AT_ONCE = 8
EVERYWHERE = ""
"""In the place of a namespace: all of them."""


class Right(Struct, frozen=True):
    """One verb on a kind, in a namespace, or :data:`EVERYWHERE`; on an object of that ``name`` where one is named."""

    verb: str
    resource: Resource
    namespace: str
    name: str = ""

    def __str__(self) -> str:
        """``patch providers.forklift.konveyor.io in namespace openshift-mtv``."""
        group = f".{self.resource.group}" if self.resource.group else ""
        return f"{self.verb} {self.resource.plural}{group} in namespace {self.namespace}"


class _ReviewStatus(Struct, frozen=True):
    allowed: bool = False


class _Review(Struct, frozen=True):
    status: _ReviewStatus


def allowed(api: Api, rights: Sequence[Right]) -> list[bool]:
    """Which of these this user has, as the server says.

    For all objects of a kind, or for those that are named: a role may say which (``resourceNames``). One question is
    enough for a thousand objects where the role does not.
    """
    everywhere = _answers(api, {replace(right, name="") for right in rights})
    by_name = {right for right in rights if right.name and not everywhere[replace(right, name="")]}
    answers = everywhere | _answers(api, by_name)
    return [answers.get(right, True) for right in rights]


def missing_rights(api: Api, home: str, site: str, changes: Iterable[ObjectChange]) -> tuple[str, ...]:
    """The rights that writing these objects needs and this user lacks, those of the site's lock and record included."""
    rights = list(dict.fromkeys(_needed(home, name_of(site), changes)))
    lacking = [right for right, may in zip(rights, allowed(api, rights), strict=True) if not may]
    begun = [Right("create", resource, home) for resource in (LEASES, CONFIG_MAPS)]
    told = (
        str(right)
        for right in lacking
        if not (right in begun and _is_there(api, right.resource, home, name_of(site)))
    )
    return tuple(dict.fromkeys(told))


def _needed(home: str, name: str, changes: Iterable[ObjectChange]) -> Iterator[Right]:
    for resource, verbs in ((LEASES, ("get", "update", "patch")), (CONFIG_MAPS, ("get", "patch"))):
        yield from (Right(verb, resource, home, name) for verb in verbs)
        yield Right("create", resource, home)  # a role knows no names for what is not there yet
    for change in changes:
        key = change.key
        yield Right("patch", BY_KIND[key.kind], key.namespace, key.name)
        if change.creates:
            yield Right("create", BY_KIND[key.kind], key.namespace)
        if key.kind in ("Secret", "ServiceAccount", "StorageMap"):
            yield Right("get", BY_KIND[key.kind], key.namespace, key.name)


def _is_there(api: Api, resource: Resource, namespace: str, name: str) -> bool:
    """Whether an object need not be created; where it cannot be seen, it must be."""
    try:
        return bool(is_there(api, resource, namespace, name))
    except ClusterError:
        return False


def _answers(api: Api, rights: Collection[Right]) -> dict[Right, bool]:
    asked = list(rights)
    return dict(zip(asked, each(lambda right: _is_allowed(api, right), asked, _AT_ONCE), strict=True))


def _is_allowed(api: Api, right: Right) -> bool:
    attributes = {
        "verb": right.verb,
        "group": right.resource.group,
        "resource": right.resource.plural,
        "namespace": right.namespace,
        **({"name": right.name} if right.name else {}),
    }
    body = {
        "apiVersion": REVIEWS.api_version,
        "kind": REVIEWS.kind,
        "spec": {"resourceAttributes": attributes},
    }
    return decoded(api.send("POST", REVIEWS.path(), None, body), _Review).status.allowed
