"""Whether what was written has arrived: the operator's roll-out, and providers that are healthy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from vddkctl.cluster.base import Unsettled
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import CONFIG_MAPS, CONTROLLERS, DEPLOYMENTS, PROVIDERS
from vddkctl.cluster.live.raw import ConfigMap, Metadata, RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError
from vddkctl.plan.observed import ObjectKey

DEPLOYMENT = "forklift-controller"
_CONTAINER = "main"
_VARIABLE = "VDDK_IMAGE"
"""Where the operator puts ``vddk_image`` (Forklift, templates of the controller's Deployment and ConfigMap)."""

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


def unsettled(api: Api, home: str, keys: Sequence[ObjectKey]) -> tuple[Unsettled, ...] | None:
    """What has not arrived yet; None where Forklift's controller does not run, so that nothing will."""
    found: list[Unsettled] = []
    try:
        deployment = _deployment(api, home)
    except ClusterDeniedError:  # providers can be seen all the same
        deployment = None
        if any(key.kind == "ForkliftController" for key in keys):
            address = next(key.address for key in keys if key.kind == "ForkliftController")
            text = (
                f"whether {DEPLOYMENT} has taken it in cannot be seen: this user may not get the Deployment"
            )
            found.append(Unsettled(address, text, stays=True))
    else:
        if deployment is None:
            return None
    for key in keys:
        if key.kind == "ForkliftController" and deployment:
            found += _controller(api, key, deployment)
        elif key.kind == "Provider":
            found += _provider(api, key)
    return tuple(found)


def _deployment(api: Api, home: str) -> Deployment | None:
    try:
        return api.get(DEPLOYMENTS.path(home, DEPLOYMENT), of=Deployment)
    except RefusedError as refused:
        if refused.code != 404:
            raise
        return None


def _controller(api: Api, key: ObjectKey, deployment: Deployment) -> Iterator[Unsettled]:
    wanted = api.get(CONTROLLERS.path(key.namespace, key.name), of=RawObject).spec.get("vddk_image") or ""
    now, where = _effective(api, deployment)
    if now != wanted and wanted:
        yield Unsettled(key.address, f"the Deployment {DEPLOYMENT} does not have the image yet")
    elif now != wanted:
        hint = f"the operator does not take it back by itself: remove {_VARIABLE} from the {where}"
        yield Unsettled(key.address, f"the old image is still in effect: {now} ({hint})", stays=True)
    elif not deployment.rolled_out:
        yield Unsettled(key.address, f"the Deployment {DEPLOYMENT} is rolling out")


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
    """The image that the controller's pod runs with, empty for none; None where no controller runs."""
    deployment = _deployment(api, home)
    return None if deployment is None else _effective(api, deployment)[0]


def provider_troubles(raw: RawObject) -> tuple[str, ...]:
    """What is not well about a provider, at its current generation; nothing where it is healthy."""
    return tuple(trouble.what for trouble in _troubles(raw, ""))


def _provider(api: Api, key: ObjectKey) -> Iterator[Unsettled]:
    yield from _troubles(api.get(PROVIDERS.path(key.namespace, key.name), of=RawObject), key.address)


def _troubles(raw: RawObject, address: str) -> Iterator[Unsettled]:
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
