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

__all__ = [
    "_token_registry",
    "mutual_tls_registry",
    "own_registry",
    "password_registry",
    "plain_registry",
    "repository",
    "tls_registry",
    "token_registry",
]
