from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.registry.samples import AMD64, ARM64, Sample, base_image, facts, on_layout, pushed_base
from vddkctl.build.native import base_digest, build
from vddkctl.errors import ImageError
from vddkctl.oci.annotations import Origin, origin_of
from vddkctl.oci.descriptor import Content
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import Image, ImageIndex, scratch


def test_the_archive_itself_is_the_last_layer(tmp_path: Path) -> None:
    sample = Sample()
    image = sample.image({AMD64: pushed_base(tmp_path)})
    manifest = json.loads(image.manifest)
    assert manifest["layers"][-1] == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": digest_of(sample.archive),
        "size": len(sample.archive),
    }


def test_what_the_image_says_of_itself(tmp_path: Path) -> None:
    sample, base = Sample(), pushed_base(tmp_path)
    image = sample.image({AMD64: base})
    assert isinstance(image, Image)
    annotations = {
        "org.opencontainers.image.title": "VMware Virtual Disk Development Kit",
        "org.opencontainers.image.version": "8.0.1",
        "org.opencontainers.image.created": "2023-03-28T10:40:00Z",
        "org.opencontainers.image.base.name": "oci:./base:1",
        "org.opencontainers.image.base.digest": base.digest,
        "dev.vddkctl.archive.sha256": digest_of(sample.archive)[7:],
        "dev.vddkctl.layer.verbatim": "true",
    }
    assert json.loads(image.manifest)["annotations"] == annotations
    config = json.loads(image.config)
    assert config["created"] == "2023-03-28T10:40:00Z"
    assert config["config"] == {
        "Env": ["PATH=/bin"],
        "WorkingDir": "/srv",
        "User": "1001",
        "Entrypoint": ["cp", "-r", "/vmware-vix-disklib-distrib", "/opt"],
        "Labels": {"vendor": "tests", **annotations},
    }


def test_one_platform_gives_an_image_and_several_an_index(tmp_path: Path) -> None:
    bases = {AMD64: pushed_base(tmp_path / "a"), ARM64: pushed_base(tmp_path / "b", ARM64)}
    assert isinstance(Sample().image(bases, "linux/arm64"), Image)
    joined = Sample().image(bases, "linux/amd64", "linux/arm64")
    assert isinstance(joined, ImageIndex)
    assert [image.descriptor.platform for image in joined.images] == [AMD64.to_json(), ARM64.to_json()]
    assert origin_of(joined.manifest).archive_sha256 == facts(Sample().archive)[0].sha256


def test_the_order_and_number_of_platforms_written_does_not_matter(tmp_path: Path) -> None:
    bases = {AMD64: pushed_base(tmp_path / "a"), ARM64: pushed_base(tmp_path / "b", ARM64)}
    first = Sample().image(bases, "linux/amd64", "linux/arm64")
    assert Sample().image(bases, "linux/arm64", "linux/amd64", "linux/arm64").manifest == first.manifest
    assert isinstance(Sample().image(bases, "linux/amd64", "linux/amd64"), Image)


@pytest.mark.parametrize("platforms", [["linux/amd64"], ["linux/amd64", "linux/arm64"]])
def test_the_base_digest_is_the_one_that_is_annotated(tmp_path: Path, platforms: list[str]) -> None:
    bases = {AMD64: pushed_base(tmp_path / "a"), ARM64: pushed_base(tmp_path / "b", ARM64)}
    image = Sample().image(bases, *platforms)
    chosen = {platform: base for platform, base in bases.items() if str(platform) in platforms}
    assert origin_of(image.manifest).base_digest == base_digest(chosen, bases)


def test_the_name_of_a_pinned_base_is_annotated_without_its_digest(tmp_path: Path) -> None:
    archive, layer = facts(Sample().archive)
    base = pushed_base(tmp_path)
    name = f"h.example/ubi:8@{base.digest}"
    image = build(archive, layer, Content(Sample().archive), [AMD64], {AMD64: base}, name)
    assert (
        json.loads(image.manifest)["annotations"]["org.opencontainers.image.base.name"] == "h.example/ubi:8"
    )


def test_an_empty_base_is_not_named() -> None:
    image = Sample().image({AMD64: scratch(AMD64)})
    assert origin_of(image.manifest) == Origin(
        digest_of(Sample().archive)[7:], None, "8.0.1", "2023-03-28T10:40:00Z"
    )
    assert base_digest([AMD64], {AMD64: scratch(AMD64)}) == ""


@pytest.mark.parametrize(
    ("released", "created"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-5, "1970-01-01T00:00:00Z"),
        (1_680_000_000, "2023-03-28T10:40:00Z"),
        (10**15, "9999-12-31T23:59:59Z"),
    ],
)
def test_the_time_is_the_archives_within_what_can_be_written(released: int, created: str) -> None:
    image = Sample().image({AMD64: scratch(AMD64)}, released=released)
    assert isinstance(image, Image)
    assert json.loads(image.config)["created"] == created


def test_no_platform_is_a_mistake() -> None:
    archive, layer = facts(Sample().archive)
    with pytest.raises(ImageError, match="needs a platform"):
        build(archive, layer, Content(b""), [], {}, "")


_ELSEWHERE = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[2], 8))
from tests.registry.samples import on_layout, tree
from vddkctl.progress import Silent
from vddkctl.registry.push import push
root = Path(sys.argv[1])
root.mkdir(parents=True)
os.chdir(root)
registry, reference, image = on_layout(root)
push(registry, reference, image, Silent())
print(image.descriptor.digest)
for name in sorted(tree(root / "images")):
    print(name, oct((root / "images" / name).stat().st_mode), sep="|")
"""


def test_another_folder_umask_time_zone_locale_and_hash_seed_give_the_same_bytes_and_modes(
    tmp_path: Path,
) -> None:
    def build_in(folder: Path, umask: str, zone: str, seed: str) -> str:
        environment = {
            **os.environ,
            "TZ": zone,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "LC_ALL": "C",
        }
        done = subprocess.run(
            [sys.executable, "-c", _ELSEWHERE, str(folder), umask],
            env=environment,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    here = build_in(tmp_path / "a", "022", "UTC", "1")
    assert here == build_in(tmp_path / "somewhere" / "else", "077", "Pacific/Kiritimati", "2")
    assert here.startswith(f"{on_layout(tmp_path / 'c')[2].descriptor.digest}\n")
    assert {line.partition("|")[2] for line in here.splitlines()[1:]} == {"0o100644"}


def test_a_year_later_the_bytes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = Sample().image({AMD64: pushed_base(tmp_path / "a")})
    later = time.time() + 365 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "time_ns", lambda: int(later * 10**9))
    image = Sample().image({AMD64: pushed_base(tmp_path / "b")})
    assert image.manifest == now.manifest
    assert [blob.descriptor for blob in image.all_blobs] == [blob.descriptor for blob in now.all_blobs]


def test_another_base_gives_another_image(tmp_path: Path) -> None:
    one = Sample().image({AMD64: pushed_base(tmp_path)})
    other = base_image(content=b"a newer base")
    assert other.descriptor.digest != base_image().descriptor.digest
    assert origin_of(one.manifest).base_digest == base_image().descriptor.digest
