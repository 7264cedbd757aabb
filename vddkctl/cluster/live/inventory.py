"""Where Forklift's inventory service is, and who asks it: told by the cluster and the kubeconfig.

kubev2v/forklift, ``operator/roles/forkliftcontroller/templates/controller/{route,service}-inventory.yml.j2``: the
service and, on OpenShift, the route have one name; the service speaks TLS. A request carries the cluster's own token.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.connection import Connection
from vddkctl.cluster.live.home import find_home
from vddkctl.cluster.live.kinds import PROVIDERS, Resource
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.objects import live_object
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError, ClusterError
from vddkctl.plan.observed import ClusterState

NAME = "forklift-inventory"
_ROUTES = Resource("Route", "route.openshift.io", "v1", "routes")
_SERVICES = Resource("Service", "", "v1", "services")
_PORT = 8443


class _Found(Struct, frozen=True):
    spec: dict[str, Any] = field(default_factory=dict)


def forklift(api: Api, namespace: str | None) -> ClusterState:
    """Controllers and providers alone: less than a plan needs to see, and fewer rights. Raises ClusterError."""
    home = find_home(api, namespace)
    raw = listed(api, PROVIDERS, None if home.everywhere else home.namespace, RawObject)
    return ClusterState(
        home.namespace,
        tuple(live_object("ForkliftController", each) for each in home.controllers),
        tuple(live_object("Provider", each) for each in raw),
        live=True,
    )


def inventory_url(api: Api, namespace: str) -> str:
    """The URL of the inventory: its route's, or else the service's, which only a pod of the cluster reaches.

    Raises ClusterError where there is neither.
    """
    route = _look(api, _ROUTES, namespace)
    host = route.spec.get("host") if route else None
    if isinstance(host, str) and host:
        return f"https://{host}"
    service = _look(api, _SERVICES, namespace)
    if service is None:
        raise ClusterError(
            f"no route and no service {NAME} can be seen in namespace {namespace}",
            where=api.place,
            hint="say where the inventory is (--inventory URL), or take a table (--csv FILE)",
        )
    ports = [port.get("port") for port in service.spec.get("ports") or () if isinstance(port, dict)]
    return f"https://{NAME}.{namespace}.svc:{ports[0] if ports else _PORT}"


def bearer_token(connection: Connection) -> str | None:
    """The token that a kubeconfig's user has for the API server, not to be shown; None where it logs in otherwise."""
    headers: dict[str, str] = {}
    connection.client.update_params_for_auth(headers, [], ["BearerToken"], "/", "GET", None)
    kind, _, token = next((v for k, v in headers.items() if k.lower() == "authorization"), "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def authority(connection: Connection) -> str | None:
    """The file with the authority of the cluster's certificates, which often has signed its routes' as well."""
    file: str | None = connection.client.configuration.ssl_ca_cert
    return file


def _look(api: Api, resource: Resource, namespace: str) -> _Found | None:
    try:
        return api.get(resource.path(namespace, NAME), of=_Found)
    except ClusterDeniedError:
        return None
    except RefusedError as refused:
        if refused.code != 404:
            raise
        return None
