"""The schemas are the same wherever vddkctl runs from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from scripts.write_schemas import schemas
from tests.conftest import ROOT, Vddkctl

NAMES = ("site", "plan")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip puts into a folder of packages."""
    folder = tmp_path_factory.mktemp("wheel")
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "packages")
    return folder / "packages"


@pytest.mark.parametrize("name", NAMES)
def test_the_written_file_is_what_the_code_gives(name: str) -> None:
    written = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert written == schemas()[f"{name}.schema.json"], "stale: make schemas"


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout_prints_what_is_written(vddkctl: Vddkctl, name: str) -> None:
    done = vddkctl("schema", name)
    assert (done.code, done.err) == (0, "")
    assert done.out == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [(), ("-OO",)], ids=["plain", "without docstrings"])
@pytest.mark.parametrize("name", NAMES)
def test_an_installed_one_prints_the_same(
    vddkctl: Vddkctl, installed: Path, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, *options, "-c", "from vddkctl.__main__ import main; main()", "schema", name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONWARNINGS": "error"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert done.stdout.decode() == vddkctl("schema", name).out


def test_a_schema_stays_readable_where_the_alphabet_is_small(vddkctl: Vddkctl) -> None:
    done = vddkctl("schema", "plan", env={"PYTHONIOENCODING": "ascii"})
    assert done.out.isascii()
    assert json.loads(done.out) == json.loads(vddkctl("schema", "plan").out)


@pytest.mark.parametrize("name", NAMES)
def test_descriptions_are_prose(name: str) -> None:
    text = schemas()[f"{name}.schema.json"]
    assert "``" not in text
    assert ":class:" not in text
