"""The rights that a site needs, asked of the server verb by verb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.home import Home
from vddkctl.cluster.live.kinds import CONFIG_MAPS, LEASES, PROVIDERS, Resource
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.presence import is_there
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.record import name_of
from vddkctl.cluster.live.rights import EVERYWHERE, Right, allowed
from vddkctl.doctor.check import Finding, Group, failed, passed, warned
from vddkctl.doctor.needs import Need, needs
from vddkctl.doctor.subject import Subject
from vddkctl.errors import ClusterError
from vddkctl.plan.observed import ObjectKey

_GROUP = Group.RIGHTS
_ROLES = "docs/rbac.md has the roles"
_MOST = 3
"""Names of objects that a line tells."""


def right_checks(subject: Subject, api: Api, namespace: str, home: Home | None) -> Iterator[Finding]:
    """A line for each kind and namespace; ``home`` is None where Forklift's controllers cannot be seen.

    Without a right to look, plan and drift fail. Who only looks misses nothing without those to apply.
    """
    controllers = (
        [item.metadata.name for item in home.controllers if item.metadata.namespace == namespace]
        if home
        else []
    )
    begun = _begun(api, namespace, subject.loaded.site.metadata.name) if subject.loaded else ()
    found = needs(subject.loaded, namespace, controllers, _providers(api, namespace, home), begun)
    asked = list(dict.fromkeys(right for need in found for right in need.asked))
    answers = dict(zip(asked, allowed(api, asked), strict=True))
    lines: dict[tuple[str, str], list[Need]] = {}
    for need in found:
        if need.unless is None or not answers[need.unless]:
            lines.setdefault((_kind(need), need.namespace), []).append(need)
    for alike in lines.values():
        yield _told(alike, answers)


def _begun(api: Api, namespace: str, site: str) -> tuple[Resource, ...]:
    own = (CONFIG_MAPS, LEASES)
    return tuple(resource for resource in own if is_there(api, resource, namespace, name_of(site)))


def _providers(api: Api, namespace: str, home: Home | None) -> list[ObjectKey]:
    """The vSphere providers that can be seen, for the rules of a spec."""
    scope = None if home and home.everywhere else namespace
    try:
        return [
            ObjectKey("Provider", item.metadata.namespace, item.metadata.name)
            for item in listed(api, PROVIDERS, scope, RawObject)
            if item.spec.get("type") == "vsphere"
        ]
    except ClusterError:  # its line says so
        return []


def _told(alike: Sequence[Need], answers: Mapping[Right, bool]) -> Finding:
    """One line: of a kind in a namespace."""
    name = f"{_kind(alike[0])} {_place(alike[0])}"
    lacking = [need for need in alike if _lacks(need, (*need.look, *need.write), answers)]
    verbs = dict.fromkeys(verb for need in alike for verb in (*need.look, *need.write))
    if not lacking:
        return passed(_GROUP, name, f"may {', '.join(verbs)}")
    instead = alike[0].instead
    if instead is not None and not _lacks(alike[0], verbs, answers, instead):
        what = f"may {', '.join(verbs)} in namespace {instead} alone"
        named = ", but for those that the spec names" if alike[0].resource is PROVIDERS else ""
        return warned(_GROUP, name, what, f"those of other namespaces are not seen{named}: {_ROLES}")
    without = [need for need in lacking if need.unseen]
    needed = [need for need in lacking if not need.unseen]
    to_look = dict.fromkeys(verb for need in needed for verb in _lacks(need, need.look, answers))
    to_apply = dict.fromkeys(verb for need in needed for verb in _lacks(need, need.write, answers))
    unseen = dict.fromkeys(verb for need in without for verb in _lacks(need, need.look, answers))
    lacks = [verb for verb in verbs if verb in {*to_look, *to_apply, *unseen}]
    may = [verb for verb in verbs if verb not in lacks]
    what = f"may {', '.join(may)}, " if may else ""
    what += f"may not {', '.join(lacks)}{_names(lacking)}: "
    if to_look:
        return failed(_GROUP, name, f"{what}plan needs {', '.join(to_look)}", _ROLES)
    told = [f"apply needs {', '.join(to_apply) if without else 'it'}"] if to_apply else []
    told += [f"without {verb} {need.unseen} are not seen" for need in without for verb in need.look]
    return warned(_GROUP, name, what + "; ".join(told), _ROLES)


def _lacks(
    need: Need,
    verbs: Sequence[str] | dict[str, None],
    answers: Mapping[Right, bool],
    namespace: str | None = None,
) -> list[str]:
    return [right.verb for right in need.rights(verbs, namespace) if not answers[right]]


def _names(lacking: Sequence[Need]) -> str:
    names = list(dict.fromkeys(need.name for need in lacking if need.name))
    if not names or any(not need.name for need in lacking):
        return ""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f" ({', '.join(names[:_MOST])}{more})"


def _kind(need: Need) -> str:
    group = f".{need.resource.group}" if need.resource.group else ""
    return f"{need.resource.plural}{group}"


def _place(need: Need) -> str:
    return "everywhere" if need.namespace == EVERYWHERE else f"in {need.namespace}"
