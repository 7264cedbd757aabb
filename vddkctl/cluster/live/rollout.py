"""Whether what was written has arrived: the operator's roll-out, and providers that are healthy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import CONFIG_MAPS, CONTROLLERS, DEPLOYMENTS, PROVIDERS
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import ConfigMap, Metadata, RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError
from vddkctl.plan.observed import ObjectKey, Unsettled

DEPLOYMENT = "forklift-controller"
_CONTAINER = "main"
_VARIABLE = "VDDK_IMAGE"
"""Where the operator puts ``vddk_image`` (Forklift, templates of the controller's Deployment and ConfigMap)."""

_ONE_BY_ONE = 10
_GOOD = ("ConnectionTestSucceeded", "InventoryCreated", "Ready")
_BAD = (
    "ConnectionTestFailed",
    "ConnectionAuthFailed",
    "SecretNotValid",
    "UrlNotValid",
    "SettingsNotValid",
    "InventoryError",
)
"""Conditions of a Provider (Forklift, ``pkg/controller/provider/validation.go``)."""


class _Named(Struct, frozen=True):
    name: str = ""


class _EnvFrom(Struct, frozen=True, rename="camel"):
    config_map_ref: _Named | None = None


class _Variable(Struct, frozen=True):
    name: str
    value: str = ""


class _Container(Struct, frozen=True, rename="camel"):
    name: str
    env: tuple[_Variable, ...] = ()
    env_from: tuple[_EnvFrom, ...] = ()


class _Pod(Struct, frozen=True):
    containers: tuple[_Container, ...] = ()


class _Template(Struct, frozen=True):
    spec: _Pod = field(default_factory=_Pod)


class _DeploymentSpec(Struct, frozen=True):
    replicas: int = 1
    template: _Template = field(default_factory=_Template)


class _DeploymentStatus(Struct, frozen=True, rename="camel"):
    observed_generation: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0


class Deployment(Struct, frozen=True):
    """As much of a Deployment as tells how far it is."""

    metadata: Metadata
    spec: _DeploymentSpec = field(default_factory=_DeploymentSpec)
    status: _DeploymentStatus = field(default_factory=_DeploymentStatus)

    @property
    def rolled_out(self) -> bool:
        """Whether its pods are those of the newest template (as ``kubectl rollout status`` tells it)."""
        replicas, status = self.spec.replicas, self.status
        seen = status.observed_generation >= self.metadata.generation
        return seen and status.updated_replicas >= replicas and status.available_replicas >= replicas


class Running(Struct, frozen=True):
    """How Forklift's controller runs: with which image (empty: none), and where that comes from."""

    deployment: Deployment
    image: str = ""
    where: str = ""


def running(api: Api, home: str) -> Running | None:
    """The controller; None where there is none. Raises ClusterDeniedError where this user may not see it."""
    deployment = _deployment(api, home)
    return None if deployment is None else Running(deployment, *_effective(api, deployment))


def unsettled(api: Api, home: str, keys: Sequence[ObjectKey]) -> tuple[Unsettled, ...]:
    """What has not arrived yet of these objects; nothing where no controller runs, so that nothing will."""
    found: list[Unsettled] = []
    controllers = [key for key in keys if key.kind == "ForkliftController"]
    try:
        now = running(api, home)
    except ClusterDeniedError:  # providers can be seen all the same
        text = f"whether {DEPLOYMENT} has taken it in cannot be seen: this user may not get the Deployment"
        found += (Unsettled(key.address, text, stays=True) for key in controllers)
    else:
        if now is None:
            return ()
        for key in controllers:
            found += _controller(api.get(CONTROLLERS.path(key.namespace, key.name), of=RawObject), now)
    for raw in _providers(api, [key for key in keys if key.kind == "Provider"]):
        found += _troubles(raw)
    return tuple(found)


def standing(
    controller: Callable[[], Running | None], controllers: Iterable[RawObject], providers: Iterable[RawObject]
) -> tuple[Unsettled, ...]:
    """The same of objects that were just read, Forklift's own. What this user may not see is not told."""
    try:
        now = controller()
    except ClusterDeniedError:
        return tuple(trouble for raw in providers if raw.status for trouble in _troubles(raw))
    if now is None:
        return ()
    found = [each for raw in controllers for each in _controller(raw, now)]
    return (*found, *(trouble for raw in providers for trouble in _troubles(raw)))


def _providers(api: Api, keys: Sequence[ObjectKey]) -> Iterator[RawObject]:
    """One by one, or by one LIST a namespace where there are many, and this user may list them."""
    few = len(keys) <= _ONE_BY_ONE
    for namespace in sorted({key.namespace for key in keys}):
        names = {key.name for key in keys if key.namespace == namespace}
        found = None if few else _listed(api, namespace)
        if found is None:
            yield from (api.get(PROVIDERS.path(namespace, name), of=RawObject) for name in sorted(names))
        else:
            yield from (raw for raw in found if raw.metadata.name in names)


def _listed(api: Api, namespace: str) -> list[RawObject] | None:
    try:
        return list(listed(api, PROVIDERS, namespace, RawObject))
    except ClusterDeniedError:
        return None


def _deployment(api: Api, home: str) -> Deployment | None:
    try:
        return api.get(DEPLOYMENTS.path(home, DEPLOYMENT), of=Deployment)
    except RefusedError as refused:
        if refused.code != 404:
            raise
        return None


def _controller(raw: RawObject, now: Running) -> Iterator[Unsettled]:
    wanted = raw.spec.get("vddk_image") or ""
    address = ObjectKey("ForkliftController", raw.metadata.namespace, raw.metadata.name).address
    if now.image != wanted and wanted:
        yield Unsettled(address, f"the Deployment {DEPLOYMENT} does not have the image yet")
    elif now.image != wanted:
        hint = f"the operator does not take it back by itself: remove {_VARIABLE} from the {now.where}"
        what = f"the old image is still in effect: {now.image} ({hint})"
        yield Unsettled(address, what, stays=True, image=now.image, where=now.where)
    elif not now.deployment.rolled_out:
        yield Unsettled(address, f"the Deployment {DEPLOYMENT} is rolling out")


def _effective(api: Api, deployment: Deployment) -> tuple[str, str]:
    """The image that the controller's pod gets, and where it comes from: its variables win over its ConfigMaps."""
    namespace = deployment.metadata.namespace
    main = next((each for each in deployment.spec.template.spec.containers if each.name == _CONTAINER), None)
    if main is None:
        return "", ""
    for variable in main.env:
        if variable.name == _VARIABLE:
            return variable.value, f"Deployment {namespace}/{DEPLOYMENT}"
    for source in main.env_from:
        if source.config_map_ref:
            name = source.config_map_ref.name
            value = _config(api, namespace, name)
            if value:
                return value, f"ConfigMap {namespace}/{name}"
    return "", ""


def _config(api: Api, namespace: str, name: str) -> str:
    try:
        return api.get(CONFIG_MAPS.path(namespace, name), of=ConfigMap).data.get(_VARIABLE, "")
    except (RefusedError, ClusterDeniedError):
        return ""


def controller_image(api: Api, home: str) -> str | None:
    """The image that the controller's pod runs with, empty for none; None where no controller is seen to run."""
    try:
        now = running(api, home)
    except ClusterDeniedError:
        return None
    return None if now is None else now.image


def provider_troubles(raw: RawObject) -> tuple[str, ...]:
    """What is not well about a provider, at its current generation; nothing where it is healthy."""
    return tuple(trouble.what for trouble in _troubles(raw))


def _troubles(raw: RawObject) -> Iterator[Unsettled]:
    address = ObjectKey("Provider", raw.metadata.namespace, raw.metadata.name).address
    status = raw.status
    if status is None or status.observed_generation < raw.metadata.generation:
        yield Unsettled(address, "Forklift has not looked at it yet")
        return
    true = {c.type: c.message for c in status.conditions if c.status == "True"}
    bad = next((kind for kind in _BAD if kind in true), None)
    if bad:
        yield Unsettled(address, f"{bad}: {true[bad]}", stays=True)
        return
    missing = [kind for kind in _GOOD if kind not in true]
    if missing:
        yield Unsettled(address, f"not yet: {', '.join(missing)}")
