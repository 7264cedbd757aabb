"""Where the API has the objects that vddkctl reads or writes."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from msgspec import Struct


class Resource(Struct, frozen=True):
    """A kind, as its group serves it."""

    kind: str
    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """``forklift.konveyor.io/v1beta1``, or ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The URL's path: of one object, of a namespace's, or of all."""
        kind = _path(self, namespace)
        return kind if name is None else f"{kind}/{quote(name, safe='')}"


@lru_cache(maxsize=256)
def _path(resource: Resource, namespace: str | None) -> str:
    version = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    within = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
    return f"{version}{within}/{resource.plural}"


FORKLIFT = "forklift.konveyor.io"

CONTROLLERS = Resource("ForkliftController", FORKLIFT, "v1beta1", "forkliftcontrollers")
PROVIDERS = Resource("Provider", FORKLIFT, "v1beta1", "providers")
PLANS = Resource("Plan", FORKLIFT, "v1beta1", "plans")
MIGRATIONS = Resource("Migration", FORKLIFT, "v1beta1", "migrations")
STORAGE_MAPS = Resource("StorageMap", FORKLIFT, "v1beta1", "storagemaps")
SECRETS = Resource("Secret", "", "v1", "secrets")
ACCOUNTS = Resource("ServiceAccount", "", "v1", "serviceaccounts")
CONFIG_MAPS = Resource("ConfigMap", "", "v1", "configmaps")
LEASES = Resource("Lease", "coordination.k8s.io", "v1", "leases")
DEPLOYMENTS = Resource("Deployment", "apps", "v1", "deployments")
REVIEWS = Resource("SelfSubjectAccessReview", "authorization.k8s.io", "v1", "selfsubjectaccessreviews")

BY_KIND = {each.kind: each for each in (CONTROLLERS, PROVIDERS, STORAGE_MAPS, SECRETS, ACCOUNTS)}
"""Those of the objects that a plan has addresses for."""
