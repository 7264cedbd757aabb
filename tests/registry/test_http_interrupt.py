"""Ctrl-C while a registry keeps us waiting: the run ends at once, and no tag has moved."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from tests.conftest import ROOT
from tests.registry.clients import client, image_of, reference_in
from tests.support.fault_proxy import faults
from tests.support.faults import BLOBS, MANIFESTS, UPLOADS, Fault, RetryLater, Stall, StallAnswer
from tests.support.lies import AnswerHeaders
from tests.support.running_registry import RunningRegistry
from vddkctl.progress import Silent
from vddkctl.registry.push import push

PUSHES = """
import sys

from tests.registry.clients import image_of
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.registry import HttpRegistry
from vddkctl.registry.push import push

class Says(Silent):
    def task(self, label, total, unit="bytes"):
        print(label, flush=True)
        return super().task(label, total, unit)

reference, count, username, password = parse(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
access = Access(reference.host, "http", environment={"VDDKCTL_REGISTRY_TIMEOUT": "600"})
login = Login(username, password) if username else None
registry = HttpRegistry(access, lambda host, path: login, Says())
image = image_of(*(bytes([number]) * 1_000_000 for number in range(count)))
push(registry, reference, image, Says())
"""

READS = """
import sys

from tests.registry.clients import blob_of
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.registry import HttpRegistry

reference = parse(sys.argv[1])
access = Access(reference.host, "http", environment={"VDDKCTL_REGISTRY_TIMEOUT": "600"})
registry = HttpRegistry(access, None, Silent())
with registry.open_blob(reference, blob_of(b"old" * 1_000_000).descriptor) as stream:
    stream.read()
"""


def start(script: str, *words: str) -> subprocess.Popen[str]:
    # A shell would give its children in the background no Ctrl-C at all.
    prelude = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + script, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt(process: subprocess.Popen[str]) -> str:
    """What it says in the end. It would wait for ten minutes otherwise."""
    for _ in range(60):  # one that comes right before it begins to wait is only noticed when it is over
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            continue
        assert process.returncode == -signal.SIGINT
        return said
    process.kill()
    raise AssertionError("it does not end")


class Reached:
    """The moment at which a stall begins; it never ends by itself."""

    def __init__(self) -> None:
        self._reached, self._end = threading.Event(), threading.Event()

    def stall(self) -> None:
        self._reached.set()
        self._end.wait()

    def wait(self) -> None:
        assert self._reached.wait(30)

    def end(self) -> None:
        self._end.set()


def check(
    place: RunningRegistry, repository: str, script: Sequence[Fault], reached: Reached, layers: int
) -> None:
    old = image_of(b"old" * 1_000_000)
    push(client(place), reference_in(place, repository), old, Silent())
    with faults(place, *script, all_happen=False) as proxy:
        with start(
            PUSHES, str(reference_in(proxy.front, repository)), str(layers), place.username, place.password
        ) as process:
            reached.wait()
            said = interrupt(process)
        reached.end()
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert place.tags(repository) == {"1": old.descriptor.digest}


@pytest.mark.parametrize("layers", [1, 6])
@pytest.mark.parametrize(
    ("method", "path", "after"),
    [
        ("HEAD", BLOBS, 0),
        ("POST", UPLOADS, 0),
        ("PUT", UPLOADS, 0),
        ("PUT", UPLOADS, 500_000),
        ("PUT", MANIFESTS, 0),
        ("GET", MANIFESTS, 0),
    ],
)
def test_a_push_that_waits_for_a_registry(
    plain_registry: RunningRegistry, repository: str, method: str, path: str, after: int, layers: int
) -> None:
    reached = Reached()
    check(
        plain_registry, repository, [Stall(method, path, after=after, until=reached.stall)], reached, layers
    )


def test_a_push_that_waits_for_a_token(token_registry: RunningRegistry, repository: str) -> None:
    reached = Reached()
    with faults(token_registry, Stall("GET", "", until=reached.stall)) as issuer:
        challenge = {"WWW-Authenticate": f'Bearer realm="{issuer.url}/token"'}
        elsewhere = AnswerHeaders("", "", changed=challenge, times=10)
        check(token_registry, repository, [elsewhere], reached, 6)
        assert issuer.count() == 1


def test_a_push_that_waits_as_it_was_asked_to(plain_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(plain_registry, RetryLater("PUT", UPLOADS, seconds=100, times=10), all_happen=False) as proxy,
        start(PUSHES, str(reference_in(proxy.front, repository)), "6", "", "") as process,
    ):
        assert process.stdout
        while not process.stdout.readline().startswith("waiting for"):
            pass
        assert interrupt(process).rstrip().endswith("KeyboardInterrupt")
    assert plain_registry.tags(repository) == {}


def test_a_download_that_waits(plain_registry: RunningRegistry, repository: str) -> None:
    push(
        client(plain_registry),
        reference_in(plain_registry, repository),
        image_of(b"old" * 1_000_000),
        Silent(),
    )
    reached = Reached()
    with faults(plain_registry, StallAnswer("GET", BLOBS, after=1_000_000, until=reached.stall)) as proxy:
        with start(READS, str(reference_in(proxy.front, repository))) as process:
            reached.wait()
            assert interrupt(process).rstrip().endswith("KeyboardInterrupt")
        reached.end()
