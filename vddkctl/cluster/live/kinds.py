"""Where the API has the objects that vddkctl reads or writes."""

from __future__ import annotations

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
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name is not None:
            parts.append(name)
        return "/" + "/".join(quote(part, safe="") for part in parts)


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
