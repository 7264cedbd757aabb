from tests.support.registry_fixtures import plain_registry, repository
from tests.support.witness_fixtures import _witnesses, skopeo

__all__ = ["_witnesses", "plain_registry", "repository", "skopeo"]
