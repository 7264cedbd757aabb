"""The API server of the tests is a real one, and goes when they go."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3

from tests.support import apiservers
from tests.support.apiservers import OUTSIDE, ROOT, serve
from tests.support.running_apiserver import RunningApiServer

APPLY = "application/apply-patch+yaml"
GROUP = "/apis/forklift.konveyor.io/v1beta1"


def provider(name: str, **settings: str) -> dict[str, object]:
    return {
        "apiVersion": "forklift.konveyor.io/v1beta1",
        "kind": "Provider",
        "metadata": {"name": name},
        "spec": {"type": "vsphere", "secret": {"name": "s", "namespace": "n"}, "settings": settings},
    }


def test_fields_have_managers_and_managers_have_conflicts(
    apiserver: RunningApiServer, namespace: str
) -> None:
    url = f"{GROUP}/namespaces/{namespace}/providers/p"
    assert apiserver.request("PATCH", f"{url}?fieldManager=one", provider("p", aio="a"), kind=APPLY)[0] == 201
    status, answer = apiserver.request("PATCH", f"{url}?fieldManager=two", provider("p", aio="b"), kind=APPLY)
    assert (status, answer["reason"]) == (409, "Conflict")
    status, answer = apiserver.request(
        "PATCH", f"{url}?fieldManager=two&force=true", provider("p", aio="b"), kind=APPLY
    )
    assert status == 200
    assert {"one", "two"} == {entry["manager"] for entry in answer["metadata"]["managedFields"]}


def test_a_dry_run_stores_nothing(apiserver: RunningApiServer, namespace: str) -> None:
    url = f"{GROUP}/namespaces/{namespace}/providers/p"
    status, _ = apiserver.request("PATCH", f"{url}?fieldManager=one&dryRun=All", provider("p"), kind=APPLY)
    assert status == 201
    assert apiserver.request("GET", url)[0] == 404


def test_of_two_who_take_a_lease_one_gets_it(apiserver: RunningApiServer, namespace: str) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    taken = [apiserver.request("POST", leases, {"metadata": {"name": "site"}}) for _ in range(2)]
    assert [status for status, _ in taken] == [201, 409]
    lease = taken[0][1]
    renewed = [
        apiserver.request("PUT", f"{leases}/site", {**lease, "spec": {"holderIdentity": x}}) for x in "ab"
    ]
    assert [status for status, _ in renewed] == [200, 409]


def test_users_have_the_rights_that_they_are_given(apiserver: RunningApiServer, namespace: str) -> None:
    url = f"{GROUP}/namespaces/{namespace}/providers"
    assert apiserver.request("GET", url, user="alice")[0] == 403
    apiserver.grant(
        "alice",
        [{"apiGroups": ["forklift.konveyor.io"], "resources": ["providers"], "verbs": ["list"]}],
        namespace,
    )
    assert apiserver.request("GET", url, user="alice")[0] == 200


def test_rights_in_all_namespaces_end_with_a_test(apiserver: RunningApiServer, namespace: str) -> None:
    rule = {"apiGroups": ["forklift.konveyor.io"], "resources": ["plans"], "verbs": ["list"]}
    apiserver.grant("bob", [rule])
    assert apiserver.request("GET", f"{GROUP}/plans", user="bob")[0] == 200
    apiserver.revoke()
    end = time.monotonic() + 5
    while apiserver.request("GET", f"{GROUP}/plans", user="bob")[0] != 403:  # it hears of that a moment later
        assert time.monotonic() < end


def test_kubectl_is_somebody_else(apiserver: RunningApiServer, namespace: str) -> None:
    apiserver.create(f"{GROUP}/namespaces/{namespace}/providers", provider("p"))
    apiserver.kubectl(
        "-n", namespace, "patch", "provider", "p", "--type=merge", "-p", '{"spec": {"url": "u"}}'
    )
    _, found = apiserver.request("GET", f"{GROUP}/namespaces/{namespace}/providers/p")
    assert "kubectl-patch" in {entry["manager"] for entry in found["metadata"]["managedFields"]}


def test_a_restart_keeps_what_was_stored(tmp_path: Path) -> None:
    with serve(tmp_path / "own") as server:
        namespace = server.namespace()
        server.stop()
        with pytest.raises(urllib3.exceptions.HTTPError):
            server.request("GET", "/readyz")
        server.start()
        assert server.request("GET", f"/api/v1/namespaces/{namespace}")[0] == 200
    assert _running(tmp_path) == []


def test_a_start_that_fails_shows_the_logs_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apiservers, "_PATIENCE", 0.2)
    with pytest.raises(AssertionError, match=r"etcd\.log: "), serve(tmp_path / "own"):
        pytest.fail("it cannot be ready yet")
    assert _running(tmp_path) == []


def test_nothing_outlives_a_killed_test(tmp_path: Path) -> None:
    code = (
        "import time, pathlib, sys\nfrom tests.support.apiservers import serve\n"
        "with serve(pathlib.Path(sys.argv[1])) as server:\n    print(server.url, flush=True)\n    time.sleep(600)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "own")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env=OUTSIDE,
    )
    assert child.stdout
    assert child.stdout.readline().startswith(b"https://")
    child.stdout.close()
    child.send_signal(signal.SIGKILL)
    child.wait()
    end = time.monotonic() + 10
    while _running(tmp_path):
        assert time.monotonic() < end, _running(tmp_path)
        time.sleep(0.05)


def _running(folder: Path) -> list[Path]:
    """The processes that were told of a folder."""
    return [p for p in Path("/proc").glob("[0-9]*") if str(folder).encode() in _words(p)]


def _words(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
