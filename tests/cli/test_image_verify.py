"""``vddkctl image verify`` as a person meets it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.conftest import Golden, Vddkctl
from tests.support.sites import SiteOnDisk
from tests.verify.made import BASE, Layout, as_it_is, copied, file, tar, vendor_archive, zipped

HEX = re.compile("[0-9a-f]{64}")


def settled(text: str) -> str:
    """Without what depends on the compressor: digests are numbered, sizes are left out."""
    seen: dict[str, int] = {}
    text = re.sub(
        "[0-9a-f]{8}…|[0-9a-f]{64}", lambda found: f"<{seen.setdefault(found[0][:8], len(seen) + 1)}>", text
    )
    return re.sub("[0-9]+ bytes", "<size> bytes", text)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return vendor_archive(tmp_path)


@pytest.fixture
def layout(tmp_path: Path, archive: Path) -> Layout:
    """An image with the archive as its layer."""
    made = Layout(tmp_path)
    made.put(zipped(BASE), as_it_is(archive))
    return made


def test_an_image_of_the_spec(vddkctl: Vddkctl, applied: SiteOnDisk, golden: Golden) -> None:
    texts = []
    for name in ("vddk-8", "image.vddk-7"):
        done = vddkctl("image", "verify", name, cwd=applied.root)
        assert (done.code, done.err) == (0, "")
        texts.append(f"$ vddkctl image verify {name}\n{done.out}")
    golden("image-verify.txt", settled("\n".join(texts)))


def test_what_is_wrong_and_what_to_do_about_it(
    vddkctl: Vddkctl, layout: Layout, archive: Path, golden: Golden
) -> None:
    secret = tar(
        file("root/.docker/config.json", b'{"auths": {"x": {"auth": "YTpi"}}}'), file("bin/.wh.busybox", b"")
    )
    layout.put(zipped(BASE), copied(archive, lambda items: items[:-1]), zipped(secret), User="0", Cmd=["sh"])
    done = vddkctl("image", "verify", "oci:images:1", "--archive", archive)
    assert (done.code, done.err) == (1, "")
    golden("image-verify-wrong.txt", settled(done.out))


def test_as_data(vddkctl: Vddkctl, layout: Layout, archive: Path) -> None:
    done = vddkctl("image", "verify", "oci:images:1", "--output", "json")
    assert (done.code, done.err) == (1, "")
    data = json.loads(done.out)
    assert set(data) == {
        *("formatVersion", "reference", "digest", "platforms", "versions", "checks", "summary", "verified")
    }
    assert (data["reference"], data["platforms"], data["versions"]) == (
        "oci:images:1",
        ["linux/amd64"],
        ["8.0.1"],
    )
    assert data["verified"] is False  # nothing failed, and nothing proves whose archive it is
    assert data["summary"] == {"pass": len(data["checks"]) - 1, "warn": 1, "fail": 0}
    assert all(set(check) == {"check", "status", "subject", "message", "hint"} for check in data["checks"])
    (proof,) = [check for check in data["checks"] if check["check"] == "archive"]
    assert (proof["status"], proof["subject"]) == ("warn", "linux/amd64")
    assert "--archive FILE" in proof["hint"]
    digest = hashlib.sha256(b"another").hexdigest()
    done = vddkctl("image", "verify", "oci:images:1", "--sha256", digest, "--output", "json")
    assert (done.code, json.loads(done.out)["verified"]) == (1, False)


def test_the_archive_or_its_checksum(vddkctl: Vddkctl, layout: Layout, archive: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    for words in (
        ["--archive", archive.name],
        ["--archive", archive],
        ["--sha256", digest],
        ["--sha256", f"sha256:{digest.upper()}"],
        ["--archive", archive, "--sha256", digest, "--platform", "linux/amd64"],
    ):
        done = vddkctl("image", "verify", "oci:images:1", *words)
        assert (done.code, done.err) == (0, ""), words
        assert "Verified: VDDK 8.0.1 for linux/amd64, " in done.out
    nothing = vddkctl("image", "verify", "oci:images:1")
    assert nothing.code == 1
    assert nothing.out.endswith(
        "Nothing failed in 16 checks, but it is not proven that this is the vendor's archive, 1 warning.\n"
    )
    other = vddkctl("image", "verify", "oci:images:1", "--platform", "linux/arm64")
    assert other.code == 1
    assert "✗ platform     it is not for linux/arm64; it is for linux/amd64" in other.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["oci:images:1", "--sha256", "abc"], 64, "--sha256 takes 64 hexadecimal digits"),
        (["oci:images:1", "--platform", "amd64"], 64, '--platform: "amd64" is not a platform'),
        (["oci:images:2"], 1, "there is no such image"),
        (["oci:nothing:1"], 1, "there is no such image"),
        (["vddk-8"], 64, 'no image named "vddk-8"'),
        (["oci:images:1", "--archive", "nothing.tar.gz"], 1, "nothing.tar.gz: there is no such file"),
        (["oci:images:1", "--archive", "images"], 1, "images: is a folder"),
        (["127.0.0.1:1/vddk:1"], 1, "127.0.0.1:1"),
        ([], 64, "Missing argument 'IMAGE'"),
    ],
    ids=str,
)
def test_bad_input(vddkctl: Vddkctl, layout: Layout, words: list[str], code: int, said: str) -> None:
    done = vddkctl("image", "verify", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_an_archive_that_is_not_the_declared_one(vddkctl: Vddkctl, layout: Layout, archive: Path) -> None:
    done = vddkctl("image", "verify", "oci:images:1", "--archive", archive, "--sha256", "0" * 64)
    assert done.code == 1
    assert "is not the declared file" in done.err


def test_an_archive_that_is_not_on_this_machine(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    archive = applied.root / "eight.tar.gz"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.rename(applied.root / "away.tar.gz")
    unproven = vddkctl("image", "verify", "vddk-8", cwd=applied.root)
    assert unproven.code == 1
    assert "it is not proven that this is the vendor's archive" in unproven.out
    applied.change("site.yaml", "{path: ./eight.tar.gz}", f"{{path: ./eight.tar.gz, sha256: {digest}}}")
    proven = vddkctl("image", "verify", "vddk-8", cwd=applied.root)
    assert (proven.code, "Verified: VDDK 8.0.1" in proven.out) == (0, True)
    applied.change("site.yaml", digest, "a" * 64)
    wrong = vddkctl("image", "verify", "vddk-8", cwd=applied.root)
    assert wrong.code == 1
    assert "✗ archive" in wrong.out


def test_an_image_that_is_not_as_the_spec_says(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    """Platforms and base are the spec's, also where another hand has pushed the image."""
    applied.change("site.yaml", "tag: 8.0.1", "tag: 8.0.1\n    platforms: [linux/amd64, linux/arm64]")
    done = vddkctl("image", "verify", "vddk-8", cwd=applied.root)
    assert done.code == 1
    assert "✗ platform     it is not for linux/arm64; it is for linux/amd64" in done.out
    words = ("oci:images/eight:8.0.1", "--archive", "eight.tar.gz")
    named = vddkctl("image", "verify", *words, cwd=applied.root)
    assert named.code == 0  # a reference is no image of the spec


def test_another_base_than_the_pinned_one(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    made = Layout(applied.root / "elsewhere")
    other = made.put(zipped(BASE), tag="other")
    text = applied.spec.read_text()
    before, after = text.split("vddk-8:\n", 1)
    after = after.replace("oci:./base:small", f"oci:./elsewhere/images:other@{other.digest}", 1)
    applied.spec.write_text(f"{before}vddk-8:\n{after}")
    done = vddkctl("image", "verify", "vddk-8", cwd=applied.root)
    assert done.code == 1
    assert "✗ base         its lower layers are not those of oci:./elsewhere/images:other@" in done.out


def test_several_platforms_are_told_apart(vddkctl: Vddkctl, layout: Layout, archive: Path) -> None:
    images = [
        layout.put(zipped(BASE), as_it_is(archive), platform=platform, tag=None)
        for platform in ("linux/amd64", "linux/arm64")
    ]
    entries = [
        {**image.to_json(), "platform": {"os": "linux", "architecture": architecture}}
        for image, architecture in zip(images, ("amd64", "arm64"), strict=True)
    ]
    layout.index(*entries)
    done = vddkctl("image", "verify", "oci:images:1", "--archive", archive)
    assert done.code == 1
    assert "✓ archive      linux/amd64  layer sha256:" in done.out
    assert (
        "✗ platform     linux/arm64  the libraries are for x86_64, the image is for linux/arm64" in done.out
    )
    assert len(re.findall("^  . layer ", done.out, re.MULTILINE)) == 2
    assert not HEX.search(done.out.partition("\n\n")[2])  # digests are short but for the image's own
    chosen = vddkctl("image", "verify", "oci:images:1", "--archive", archive, "--platform", "linux/amd64")
    assert chosen.code == 0
