"""What is needed to write a Secret: where its values come from, and never the values."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from vddkctl.plan.wire import Wire

OPAQUE = "Opaque"
DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"


class SecretWork(Wire, frozen=True):
    """A Secret to be.

    ``data`` says of each key where its value comes from, by one of

    - ``{"env": NAME}``, ``{"file": PATH}``: a variable, or a file without its last line break
    - ``{"text": …}``: the text itself, which is no secret
    - ``{"registry": HOST}``: the login that this machine has for a registry, as a Docker configuration

    ``provider`` is the address of the one that logs in with it.
    """

    namespace: str
    name: str
    data: Mapping[str, Mapping[str, str]]
    type: str = OPAQUE
    labels: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""
