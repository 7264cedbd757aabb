"""Advice on buffers, and writing it into the spec."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.conftest import Vddkctl

SPEC = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: s}
cluster: {manifests: ./gitops}
providers:
  prod:            # the large ones
    aio: false     # for now
    buffers: {sizeIn64K: 64, count: 4}   # by hand
  test: {vddkImage: inherit}
"""
TABLE = "provider,vm,size_gb\nprod,db,300\nprod,web,20\ntest,a,10\nnew,b,60\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SPEC)
    (tmp_path / "disks.csv").write_text(TABLE)
    return tmp_path


def test_it_shows_presets_memory_and_the_limit(vddkctl: Vddkctl, folder: Path) -> None:
    done = vddkctl("tune", "--csv", "disks.csv", "--concurrent", "2", cwd=folder)
    assert done.code == 0, done.err
    assert "  buffers   large: most of the data is on disks of that size\n" in done.out
    assert "  memory    256 × 64 KiB × 16 × 2 disks = 512 MiB\n" in done.out
    assert "256 MiB a session; VDDK 7.0.3's notes say that opening a disk fails over 16 MiB" in done.out
    assert "Disks at the same time: 2, as --concurrent says." in done.out
    assert (folder / "site.yaml").read_text() == SPEC


def test_as_data(vddkctl: Vddkctl, folder: Path) -> None:
    found = json.loads(vddkctl("tune", "--csv", "disks.csv", "--output", "json", cwd=folder).out)
    assert [(each["provider"], each["preset"], each["overLimit"]) for each in found["providers"]] == [
        ("new", "medium", True),
        ("prod", "large", True),
        ("test", "small", False),
    ]


def test_writing_keeps_every_other_byte(vddkctl: Vddkctl, folder: Path) -> None:
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert done.code == 0, done.err
    text = (folder / "site.yaml").read_text()
    assert "    aio: true     # for now\n    buffers: {sizeIn64K: 256, count: 16}   # by hand\n" in text
    assert "  prod:            # the large ones\n" in text
    assert "  test: {vddkImage: inherit, aio: true, buffers: small}\n" in text
    assert text.endswith("  new:\n    aio: true\n    buffers: medium\n")
    assert vddkctl("validate", cwd=folder).code == 0
    again = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert "site.yaml says so already." in again.err
    assert (folder / "site.yaml").read_text() == text


def test_writing_within_the_vendors_limit(vddkctl: Vddkctl, folder: Path) -> None:
    assert vddkctl("tune", "--csv", "disks.csv", "--write", "--within-limit", cwd=folder).code == 0
    assert "  new:\n    aio: true\n    buffers: small\n" in (folder / "site.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 64, "name one of --csv and --inventory"),
        (("--csv", "disks.csv", "--inventory", "https://x"), 64, "name one of"),
        (("--csv", "none.csv"), 1, "none.csv: no such file"),
        (("--inventory", "ftp://x"), 64, "takes a URL"),
        (("--inventory", "http://127.0.0.1:1"), 1, "the inventory cannot be reached"),
        (("--csv", "disks.csv", "--concurrent", "0"), 64, "--concurrent"),
    ],
)
def test_bad_words(vddkctl: Vddkctl, folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = vddkctl("tune", *words, cwd=folder)
    assert done.code == code
    assert says in done.err


def test_a_table_without_providers_needs_one_to_be_written(vddkctl: Vddkctl, folder: Path) -> None:
    (folder / "disks.csv").write_text("vm,size_gb\na,10\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert done.code == 64
    assert "--provider" in done.err
    assert vddkctl("tune", "--csv", "disks.csv", "--provider", "test", "--write", cwd=folder).code == 0


class _Inventory(BaseHTTPRequestHandler):
    """A stand-in for Forklift's inventory, which cannot run here: its paths, its token, its fields."""

    answers: ClassVar[dict[str, Any]] = {
        "/providers/vsphere?detail=1": [
            {"uid": "u-1", "name": "prod", "namespace": "mtv"},
            {"uid": "u-2", "name": "test", "namespace": "mtv"},
        ],
        "/providers/vsphere/u-1/vms?detail=4": [
            {"name": "db", "disks": [{"capacity": 300 * 10**9}, {"capacity": 10**9}]},
            {"name": "diskless", "disks": None},
        ],
        "/providers/vsphere/u-2/vms?detail=4": [{"name": "a", "disks": [{"capacity": 10**9}]}],
    }

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "Bearer sesame"
        body = json.dumps(self.answers.get(self.path, {})).encode() if allowed else b"no"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def inventory() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Inventory)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_disks_of_the_inventory(vddkctl: Vddkctl, folder: Path, inventory: str) -> None:
    (folder / "token").write_text("sesame\n")
    done = vddkctl("tune", "--inventory", inventory, "--token-file", "token", "--output", "json", cwd=folder)
    assert done.code == 0, done.err
    found = {each["provider"]: each for each in json.loads(done.out)["providers"]}
    assert (found["prod"]["disks"], found["prod"]["preset"], found["test"]["preset"]) == (2, "large", "small")


def test_an_inventory_that_lets_nobody_in(vddkctl: Vddkctl, folder: Path, inventory: str) -> None:
    (folder / "token").write_text("wrong-secret")
    done = vddkctl("tune", "--inventory", inventory, "--token-file", "token", cwd=folder)
    assert done.code == 1
    assert "does not let us in: 401" in done.err
    assert "wrong-secret" not in done.out + done.err
