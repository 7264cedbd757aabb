"""Real registries, started once for all tests of a process (in some 40 ms each), and repositories to use in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registries import (
    new_repository,
    serve_plain,
    serve_tls,
    serve_with_password,
    serve_with_tokens,
)
from tests.support.running_registry import RunningRegistry


@pytest.fixture
def repository() -> str:
    """A repository that no other test uses. Blobs of other repositories are not seen through it."""
    return new_repository()


@pytest.fixture(scope="session")
def plain_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """Open to anyone, over HTTP."""
    with serve_plain(tmp_path_factory.mktemp("plain")) as registry:
        yield registry


@pytest.fixture
def own_registry(tmp_path: Path) -> Iterator[RunningRegistry]:
    """As plain_registry, but this test's own: its storage may be damaged, its requests counted."""
    with serve_plain(tmp_path / "own-registry") as registry:
        yield registry


@pytest.fixture(scope="session")
def password_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """Basic auth, over HTTP."""
    with serve_with_password(tmp_path_factory.mktemp("password")) as registry:
        yield registry


@pytest.fixture(scope="session")
def tls_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """HTTPS; its authority (``.ca``) is known to nobody."""
    with serve_tls(tmp_path_factory.mktemp("tls")) as registry:
        yield registry


@pytest.fixture(scope="session")
def mutual_tls_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """HTTPS that demands a client certificate (``.client``)."""
    with serve_tls(tmp_path_factory.mktemp("mutual-tls"), mutual=True) as registry:
        yield registry


@pytest.fixture(scope="session")
def _token_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with serve_with_tokens(tmp_path_factory.mktemp("token")) as registry:
        yield registry


@pytest.fixture
def token_registry(_token_registry: RunningRegistry) -> RunningRegistry:
    """Bearer tokens over HTTP, from an issuer that has given none yet."""
    _token_registry.tokens.reset()
    return _token_registry
