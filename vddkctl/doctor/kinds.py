"""Forklift's kinds in a cluster: their versions, and whether the schema has the field that names the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import CONTROLLERS, FORKLIFT, MIGRATIONS, PLANS, PROVIDERS, STORAGE_MAPS
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.doctor.check import Finding, Group, failed, found_wrong, passed, skipped, warned
from vddkctl.errors import ClusterDeniedError, ClusterError

_GROUP = Group.CLUSTER
_FIELD = "vddk_image"
_KEEPS = "x-kubernetes-preserve-unknown-fields"
_NEEDED = (CONTROLLERS, PROVIDERS)
_USEFUL = (PLANS, MIGRATIONS, STORAGE_MAPS)
_DEFINITION = (
    f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CONTROLLERS.plural}.{CONTROLLERS.group}"
)
_UPDATE = "update the Forklift (MTV) operator"


class _GroupVersion(Struct, frozen=True):
    version: str = ""


class _Versions(Struct, frozen=True):
    versions: tuple[_GroupVersion, ...] = ()


class _Resource(Struct, frozen=True):
    name: str = ""


class _Resources(Struct, frozen=True):
    resources: tuple[_Resource, ...] = ()


class _Schema(Struct, frozen=True):
    schema: dict[str, Any] = field(default_factory=dict, name="openAPIV3Schema")


class _CrdVersion(Struct, frozen=True):
    name: str = ""
    schema: _Schema = _Schema()


class _CrdSpec(Struct, frozen=True):
    versions: tuple[_CrdVersion, ...] = ()


class _Crd(Struct, frozen=True):
    spec: _CrdSpec = _CrdSpec()


class _Components(Struct, frozen=True):
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)


class _OpenApi(Struct, frozen=True):
    """Both versions of the document: kinds are in ``definitions`` or in ``components``."""

    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    components: _Components = _Components()


def kind_checks(api: Api) -> Iterator[Finding]:
    """A line named ``Forklift`` for the kinds, and one for the schema. Every user may ask for both."""
    try:
        versions = [each.version for each in api.get(f"/apis/{FORKLIFT}", of=_Versions).versions]
        served = {each.name for each in api.get(f"/apis/{CONTROLLERS.api_version}", of=_Resources).resources}
    except RefusedError as error:
        if error.code != 404:
            yield found_wrong(_GROUP, "Forklift", error, "try again")
            return
        what = f"this cluster does not know its kinds ({CONTROLLERS.api_version})"
        hint = "is this the right context? else install the Forklift (MTV) operator"
        yield failed(_GROUP, "Forklift", what, hint)
        return
    except ClusterDeniedError as error:
        yield skipped(_GROUP, "Forklift", error.what)
        return
    yield _kinds(versions, served)
    if CONTROLLERS.plural in served:
        yield _schema(api)


def _kinds(versions: list[str], served: set[str]) -> Finding:
    said = f"{FORKLIFT}: {', '.join(versions)}"
    needed = [each.plural for each in _NEEDED if each.plural not in served]
    if needed:
        return failed(_GROUP, "Forklift", f"{said}; no {', '.join(needed)} in {CONTROLLERS.version}", _UPDATE)
    lacking = [each.plural for each in _USEFUL if each.plural not in served]
    if lacking:
        return warned(_GROUP, "Forklift", f"{said}; no {', '.join(lacking)}", _UPDATE)
    return passed(_GROUP, "Forklift", said)


def _schema(api: Api) -> Finding:
    name = f"{_FIELD} in the schema"
    try:
        schema = _definition(api) or _published(api)
    except ClusterError as error:
        return skipped(_GROUP, name, f"the schema cannot be read: {error.what}")
    if schema is None:
        return skipped(_GROUP, name, "the server does not tell the schema of ForkliftControllers")
    if _knows(schema):
        return passed(_GROUP, name, "ForkliftControllers keep the field")
    what = "ForkliftControllers do not have the field, and the server drops it without a word"
    return failed(_GROUP, name, what, f"{_UPDATE}, or set vddkImage at each provider")


def _definition(api: Api) -> dict[str, Any] | None:
    """Out of the definition itself, which few users may read; None where this one may not."""
    try:
        versions = api.get(_DEFINITION, of=_Crd).spec.versions
    except (ClusterDeniedError, RefusedError):
        return None
    return next((each.schema.schema for each in versions if each.name == CONTROLLERS.version), None)


def _published(api: Api) -> dict[str, Any] | None:
    """Out of what the server publishes of all kinds: by group in newer servers, else all at once."""
    try:
        document = api.get(f"/openapi/v3/apis/{CONTROLLERS.api_version}", of=_OpenApi)
    except RefusedError:
        document = api.get("/openapi/v2", of=_OpenApi)
    for schema in (*document.components.schemas.values(), *document.definitions.values()):
        for said in schema.get("x-kubernetes-group-version-kind", ()):
            if (said.get("group"), said.get("kind")) == (FORKLIFT, CONTROLLERS.kind):
                return schema
    return None


def _knows(schema: dict[str, Any]) -> bool:
    """Whether ``spec`` has the field, or keeps every field. What is published without fields keeps them all."""
    if schema.get(_KEEPS):
        return True
    spec = schema.get("properties", {}).get("spec")
    if not isinstance(spec, dict) or spec.get(_KEEPS):
        return True
    fields = spec.get("properties")
    return not fields or _FIELD in fields
