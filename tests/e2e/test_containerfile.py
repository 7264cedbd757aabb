"""The Containerfile, built by real podman on a base that is made on the spot."""

from __future__ import annotations

from pathlib import Path

from tests.support.vddkctl_image import build_vddkctl
from vddkctl import __version__


def test_the_image_holds_vddkctl_and_anybody_may_run_it_on_a_read_only_root(tmp_path: Path) -> None:
    with build_vddkctl(tmp_path) as image:
        assert image.run("vddkctl", "version").out.startswith(f"vddkctl {__version__} ")
        assert image.run("id", "-u").out == "1001\n"
        config = image.config()
        assert config["User"] == "1001:0"
        assert config["Entrypoint"] == ["vddkctl"]

        # OpenShift gives each namespace users of its own.
        assert image.run("vddkctl", "schema", user="1000680000:0").code == 0

        # What Python would compile is compiled: nothing is to be written where it runs, and nobody could.
        assert image.run("sh", "-c", "ls /opt/vddkctl && : >/opt/vddkctl/x").code != 0
        script = "import pydantic, kubernetes as k; [open(m.__cached__).close() for m in (pydantic, k)]; print('compiled')"
        assert image.run("python3", "-c", script).out == "compiled\n"

        # No build tool, no pip, and no source.
        for module in ("pip", "setuptools", "hatchling"):
            assert "No module named" in image.run("python3", "-c", f"import {module}").err
        assert image.run("ls", "/source").code != 0
