from tests.support.registry_fixtures import (
    _token_registry,
    own_registry,
    password_registry,
    plain_registry,
    repository,
    tls_registry,
    token_registry,
)
from tests.support.site_fixtures import applied, site

__all__ = [
    "_token_registry",
    "applied",
    "own_registry",
    "password_registry",
    "plain_registry",
    "repository",
    "site",
    "tls_registry",
    "token_registry",
]
