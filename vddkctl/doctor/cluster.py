"""A live cluster, or a folder of manifests: reach, kinds, the controller, rights verb by verb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from vddkctl.cluster.base import Wanted
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.cluster import KubernetesCluster
from vddkctl.cluster.live.connection import connect
from vddkctl.cluster.live.home import Home, find_home
from vddkctl.cluster.live.kinds import ACCOUNTS, CONTROLLERS, PROVIDERS, SECRETS, Resource
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.cluster.live.rights import APPLY, VIEW, Right, allowed
from vddkctl.doctor.check import Check, Status, tried
from vddkctl.errors import ClusterDeniedError, ClusterError, VddkctlError
from vddkctl.places import Places
from vddkctl.plan.accounts import account_warnings, wanted_accounts
from vddkctl.plan.observed import Observed
from vddkctl.site.source import LoadedSite

CLUSTER = "cluster"
RIGHTS = "rights"
PULL = "pull"
_CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"


class _Version(Struct, frozen=True, rename="camel"):
    git_version: str = ""


class _Names(Struct, frozen=True):
    """A CRD, read as far as it says which fields a controller's spec may have."""

    spec: dict[str, object] = field(default_factory=dict)


def live(
    context: str | None, namespace: str | None, environment: Mapping[str, str], loaded: LoadedSite | None
) -> Iterator[Check]:
    """Everything about a live cluster that can be asked without writing."""
    api: list[Api] = []

    def reach() -> str:
        made = Api(connect(context, environment), timeout=10.0)
        version = made.get("/version", of=_Version).git_version
        api.append(made)
        return f"{made.place} answers, Kubernetes {version}"

    checks = list(tried(CLUSTER, "API server", reach))
    yield from checks
    if not api:
        return
    yield from _kinds(api[0])
    home: list[Home] = []

    def controller() -> Check:
        found = find_home(api[0], namespace)
        home.append(found)
        here = [each for each in found.controllers if each.metadata.namespace == found.namespace]
        if len(here) != 1:
            text = (
                f"{len(here) or 'no'} ForkliftController{'s' if len(here) > 1 else ''} in {found.namespace}"
            )
            return Check(
                CLUSTER, "controller", Status.FAIL, text, "one is expected; say where with cluster.namespace"
            )
        image = here[0].spec.get("vddk_image") or "no image"
        return Check(
            CLUSTER, "controller", Status.PASS, f"{found.namespace}/{here[0].metadata.name}: {image}"
        )

    yield from tried(CLUSTER, "controller", controller)
    if home:
        yield from _rights(api[0], home[0].namespace, loaded)
        yield from _pulls(api[0], home[0].namespace, loaded)


def folder(said: str, places: Places) -> Iterator[Check]:
    """A folder of manifests: there, readable, with one controller."""

    def look() -> Check:
        state = places.cluster(said).observe(Wanted())
        count = len(state.controllers)
        text = f"{said}: {count} controller{'' if count == 1 else 's'}, {len(state.providers)} providers"
        if count != 1:
            return Check(CLUSTER, "manifests", Status.FAIL, text, "one ForkliftController is expected")
        if state.unread:
            names = ", ".join(each.where for each in state.unread[:3])
            return Check(CLUSTER, "manifests", Status.WARN, f"{text}; passed by: {names}", "see vddkctl plan")
        return Check(CLUSTER, "manifests", Status.PASS, text)

    yield from tried(CLUSTER, "manifests", look)


def _kinds(api: Api) -> Iterator[Check]:
    for kind in (CONTROLLERS, PROVIDERS):
        yield from tried(CLUSTER, kind.kind, partial(_kind, api, kind))


def _kind(api: Api, kind: Resource) -> Check:
    try:
        crd = api.get(f"{_CRD}{kind.plural}.{kind.group}", of=_Names)
    except ClusterDeniedError:
        return Check(CLUSTER, kind.kind, Status.SKIP, "this user may not read CRDs; plan finds out by itself")
    except RefusedError as refused:
        if refused.code != 404:
            raise
        hint = "is the Forklift (MTV) operator installed, and is this the right context?"
        return Check(CLUSTER, kind.kind, Status.FAIL, f"the cluster does not know {kind.plural}", hint)
    if kind is CONTROLLERS and "vddk_image" not in str(crd.spec):
        text = "its schema has no vddk_image, which Forklift has since April 2025"
        return Check(
            CLUSTER, kind.kind, Status.FAIL, text, "update the operator, or set images at the providers"
        )
    return Check(CLUSTER, kind.kind, Status.PASS, f"{kind.api_version} is known")


def _rights(api: Api, home: str, loaded: LoadedSite | None) -> Iterator[Check]:
    view = [Right(verb, kind, home) for kind, verbs in VIEW for verb in verbs]
    apply = [Right(verb, kind, home) for kind, verbs in APPLY for verb in verbs]
    if loaded and (loaded.site.pull_secrets or any(each.create for each in loaded.site.providers.values())):
        apply += [Right(verb, SECRETS, home) for verb in ("get", "create", "patch")]
    if loaded:
        names = {name for spec in loaded.site.pull_secrets.values() for name in spec.namespaces}
        apply += [Right(verb, ACCOUNTS, name) for name in sorted(names) for verb in ("get", "patch")]
    for role, rights, bad in (("to look", view, Status.FAIL), ("to apply", apply, Status.WARN)):
        try:
            answers = allowed(api, rights)
        except VddkctlError as error:
            yield Check(RIGHTS, role, Status.FAIL, error.what, error.hint)
            continue
        missing = [str(right) for right, may in zip(rights, answers, strict=True) if not may]
        if not missing:
            yield Check(RIGHTS, role, Status.PASS, f"all {len(rights)} that it takes")
        for each in missing:
            yield Check(RIGHTS, role, bad, f"may not {each}", "docs/rbac.md has the roles")


def _pulls(api: Api, home: str, loaded: LoadedSite | None) -> Iterator[Check]:
    """Whether service accounts of the namespaces that plans migrate into can pull; the planner knows how."""
    if loaded is None or not loaded.site.pull_secrets:
        yield Check(PULL, "service accounts", Status.SKIP, "the spec has no pullSecrets")
        return
    try:
        wanted = Wanted(home, tuple(sorted(wanted_accounts(loaded))))
        state = KubernetesCluster(api, home, loaded.site.metadata.name).observe(wanted)
    except ClusterError as error:
        yield Check(PULL, "service accounts", Status.WARN, error.what, error.hint)
        return
    warnings = list(account_warnings(loaded, Observed(state, {}, cluster_name=api.place)))
    for warning in warnings:
        yield Check(PULL, warning.address, Status.WARN, warning.message)
    if not warnings:
        yield Check(PULL, "service accounts", Status.PASS, "those of the plans' target namespaces can pull")


def kubeconfig_there(environment: Mapping[str, str]) -> bool:
    """Whether anything leads to a cluster, so that it is worth trying without a spec."""
    home = Path(environment.get("HOME", "/"), ".kube", "config")
    return bool(environment.get("KUBECONFIG") or environment.get("KUBERNETES_SERVICE_HOST") or home.exists())
