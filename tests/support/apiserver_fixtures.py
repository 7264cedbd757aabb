"""One API server for each set of definitions and process, started by the first test that wants it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apiservers import MINIMAL, serve
from tests.support.running_apiserver import RunningApiServer

FORKLIFTS = os.environ.get("VDDKCTL_TEST_CRDS")
"""The folder of Forklift's own definitions, where there is one: each test then runs on them, too."""
_SETS = {"minimal": MINIMAL, **({"forklift": Path(FORKLIFTS)} if FORKLIFTS else {})}


@pytest.fixture(scope="session", params=list(_SETS))
def apiserver(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApiServer]:
    """A real API server that several tests share: each takes namespaces of its own."""
    with serve(tmp_path_factory.mktemp("apiserver"), _SETS[request.param]) as server:
        yield server


@pytest.fixture
def namespace(apiserver: RunningApiServer) -> Iterator[str]:
    """A namespace that no other test uses. What the test makes for Forklift, and grants everywhere, goes after it."""
    yield apiserver.namespace()
    apiserver.clear()
