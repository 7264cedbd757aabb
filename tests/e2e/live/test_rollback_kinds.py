"""Going back with service accounts, storage maps, created providers and records of many runs."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys

from msgspec.structs import replace

from tests.e2e.live.test_creation import CREATE, creating
from tests.e2e.live.test_pull_secrets import SECRET, log_in, pulling, pulls, spec, vms
from tests.e2e.live.test_storage_maps import SPEC, entries, mapped, set_entries, with_offload
from tests.support.imaged_sites import put_record, record_of
from tests.support.live_sites import ROOT, Ended, LiveSite

__all__ = ["creating", "mapped", "pulling", "vms"]

AIO = "useVddkAioOptimization"
PLAIN = "providers:\n  prod: {aio: true}\n"


def applied(site: LiveSite, parts: str) -> None:
    site.write(parts)
    ended = site.apply("--no-wait")
    assert ended.code == 0, ended.out + ended.err


def back(site: LiveSite, number: int, *words: str) -> Ended:
    ended = site.run("rollback", str(number), "--auto-approve", *words)
    assert ended.code == 0, ended.out + ended.err
    return ended


def test_entries_of_service_accounts_go_and_come_back(pulling: LiveSite, vms: str) -> None:
    log_in(pulling)
    applied(pulling, PLAIN)
    applied(pulling, PLAIN + spec(pulling.namespace, vms))
    told = back(pulling, 1)
    assert pulls(pulling, vms) == ["quay-pull", "other-pull"]
    assert f"secret.{vms}/{SECRET}: was created by run 2, and stays: vddkctl deletes nothing" in told.out
    assert set(record_of(pulling).applied) == {f"provider.{pulling.namespace}/prod"}
    back(pulling, 2)
    assert pulls(pulling, vms) == ["quay-pull", "other-pull", SECRET]
    assert pulling.changing() == []


def test_entries_of_storage_maps_get_their_values_and_are_not_taken_away(mapped: LiveSite) -> None:
    applied(mapped, SPEC)
    applied(mapped, SPEC.replace("flashsystem", "ontap"))
    back(mapped, 1)
    assert entries(mapped) == with_offload(0, 1)
    mapped.write(SPEC)
    assert mapped.changing() == []
    set_entries(mapped, with_offload(0))
    back(mapped, 1)
    assert entries(mapped) == with_offload(0, 1)
    applied(mapped, PLAIN)
    set_entries(mapped, with_offload())
    applied(mapped, SPEC + PLAIN)
    told = back(mapped, 5)
    assert (
        "spec.map[datastore.1].offloadPlugin.vsphereXcopyConfig stays as it is: it is not taken away"
        in told.out
    )
    assert entries(mapped) == with_offload(0, 1)
    assert set(record_of(mapped).applied) == {f"provider.{mapped.namespace}/prod"}


def test_a_provider_that_was_created_since_stays(creating: LiveSite) -> None:
    applied(creating, PLAIN)
    applied(creating, CREATE + "  prod: {aio: false}\n")
    told = back(creating, 1)
    place = creating.namespace
    assert (
        f"provider.{place}/new, secret.{place}/new-credentials: was created by run 2, and stays" in told.out
    )
    assert creating.settings("prod")[AIO] == "true"
    assert creating.get("providers", "new")
    assert set(record_of(creating).applied) == {f"provider.{creating.namespace}/prod"}
    assert creating.run("drift").code == 0


def test_what_is_not_kept_any_more_says_from_where_on_it_is(site: LiveSite) -> None:
    for number in range(1, 4):
        applied(site, f"providers:\n  prod: {{aio: true, buffers: {{sizeIn64K: {number}, count: 1}}}}\n")
    record = record_of(site)
    short = [replace(run, details=None, earlier=None) for run in record.runs[:2]]
    put_record(site, replace(record, runs=(*short, record.runs[2])))
    ended = site.run("rollback", "1", "--auto-approve")
    assert ended.code == 1
    assert "run 2 of 20" in ended.err
    assert "the earliest that can be gone back to is run 2" in ended.err
    back(site, 2)
    assert "BufSizeIn64KB=2\n" in site.settings("prod")["vddkConfig"]


def test_it_asks_first(site: LiveSite) -> None:
    applied(site, PLAIN)
    applied(site, PLAIN.replace("true", "false"))
    for answer, code, value in (("no", 1, "false"), ("yes", 0, "true")):
        assert asked(site, answer, "rollback", "1") == code
        assert site.settings("prod")[AIO] == value


def asked(site: LiveSite, answer: str, *words: str) -> int:
    """Run at a terminal, and answer its question."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "vddkctl", *words],
        cwd=site.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(site.server.kubeconfig(site.user))},
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while b"Apply this plan?" not in seen and select.select([ours], [], [], 60)[0]:
        seen += os.read(ours, 4096)
    os.write(ours, f"{answer}\n".encode())
    code = process.wait(60)
    os.close(ours)
    return code
