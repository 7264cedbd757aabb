from tests.support.apiserver_fixtures import apiserver, namespace
from tests.support.registry_fixtures import (
    _token_registry,
    mutual_tls_registry,
    own_registry,
    password_registry,
    plain_registry,
    repository,
    tls_registry,
    token_registry,
)
from tests.support.witness_fixtures import _witnesses, podman, skopeo

__all__ = [
    "_token_registry",
    "_witnesses",
    "apiserver",
    "mutual_tls_registry",
    "namespace",
    "own_registry",
    "password_registry",
    "plain_registry",
    "podman",
    "repository",
    "skopeo",
    "tls_registry",
    "token_registry",
]
