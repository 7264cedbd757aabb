"""The spec that goes into a cluster says the same, without what only one machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from vddkctl.errors import VddkctlError
from vddkctl.places import Places
from vddkctl.schedule.carried import SPEC, carried
from vddkctl.site.load import load

TEXT = f"""\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: frankfurt}}
cluster: {{context: prod}}
images:
  vddk-8:
    archive: {{path: "${{NOWHERE}}/a.tar.gz", sha256: {"a" * 64}}}
    repository: harbor.company.com/vddk
    tag: "TAG"
providers:
  b: {{vddkImage: null, aio: true, buffers: {{sizeIn64K: 3, count: 0}}}}
  "x-*": {{aio: false}}
  a: {{vddkImage: inherit}}
"""


def test_it_says_the_same() -> None:
    for tag in ("8.0", "1e3", "0x10", "yes", "null", "1_0", "12-30", "8.0.1"):
        loaded = load(TEXT.replace("TAG", tag), "site.yaml")
        files = carried(loaded, Places(Path("/nonexistent"), environment={}), "openshift-mtv").files
        again = load(files[SPEC], SPEC).site
        assert again.images["vddk-8"].tag == tag
        assert again.images["vddk-8"].archive.path == "a.tar.gz"
        assert list(again.providers.items()) == list(loaded.site.providers.items())
        assert again.providers["b"].manages("vddk_image")
        assert not again.providers["x-*"].manages("vddk_image")
        assert (again.cluster.context, again.cluster.namespace) == (None, "openshift-mtv")


def test_every_reason_against_it_is_told_and_counted() -> None:
    text = TEXT.replace("context: prod", "manifests: ./gitops")
    places = Places(Path("/nonexistent"), environment={})
    why = "why this site cannot be looked at from inside the cluster"
    for spec, count in ((text, "1 reason"), (text.replace(f", sha256: {'a' * 64}", ""), "2 reasons")):
        with pytest.raises(VddkctlError) as refused:
            carried(load(spec, "site.yaml"), places, "mtv")
        assert refused.value.what == f"{count} {why}"


def test_a_dockerfile_goes_along_since_its_image_is_known_by_it(tmp_path: Path) -> None:
    text = TEXT.replace(
        'tag: "TAG"',
        "tag: latest\n    builder: podman\n    dockerfile: ./docker/tools.dockerfile\n    buildDir: /w",
    )
    (tmp_path / "docker").mkdir()
    places, loaded = Places(tmp_path), load(text, "site.yaml")
    with pytest.raises(VddkctlError, match=r"tools\.dockerfile cannot be read") as missing:
        carried(loaded, places, "mtv")
    assert missing.value.where == "site.yaml:11:17"
    (tmp_path / "docker" / "tools.dockerfile").write_text("FROM registry.example.com/größe:1\n")
    files = carried(loaded, places, "mtv").files
    assert files["tools.dockerfile"] == "FROM registry.example.com/größe:1\n"
    image = load(files[SPEC], SPEC).site.images["vddk-8"]
    assert (image.dockerfile, image.build_dir) == ("./tools.dockerfile", None)
