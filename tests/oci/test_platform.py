from __future__ import annotations

import pytest

from vddkctl.errors import ImageError
from vddkctl.oci.platform import Platform, parse_platform, platform_of


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/amd64/v2", Platform("linux", "amd64", "v2")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("linux/ppc64le", Platform("linux", "ppc64le")),
    ],
)
def test_a_platform_is_read_and_written_back(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform
    assert str(platform) == text
    assert platform_of(platform.to_json()) == platform


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("amd64", '"amd64" is not a platform\n  as in linux/amd64, or linux/arm/v7'),
        ("linux/amd64/", '"linux/amd64/" is not a platform\n  as in linux/amd64, or linux/arm/v7'),
        ("Linux/AMD64", '"Linux/AMD64" is not a platform\n  as in linux/amd64, or linux/arm/v7'),
        ("linux/x86_64", '"linux/x86_64": images call x86_64 amd64\n  write linux/amd64'),
        ("linux/aarch64", '"linux/aarch64": images call aarch64 arm64\n  write linux/arm64'),
    ],
)
def test_a_wrong_platform_is_refused_in_plain_words(text: str, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse_platform(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("wanted", "offered", "fits"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64/v2", "linux/amd64", True),
        ("linux/amd64", "linux/amd64/v3", False),
        ("linux/amd64", "linux/arm64", False),
        ("linux/amd64", "windows/amd64", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64/v9", "linux/arm64/v8", False),
        ("linux/arm/v7", "linux/arm/v6", False),
    ],
)
def test_which_images_a_platform_runs(wanted: str, offered: str, *, fits: bool) -> None:
    assert parse_platform(wanted).runs(parse_platform(offered)) is fits


def test_libraries_belong_to_one_architecture() -> None:
    assert parse_platform("linux/amd64").suits("x86_64")
    assert not parse_platform("linux/arm64").suits("x86_64")
    assert not parse_platform("linux/amd64").suits("machine-999")


@pytest.mark.parametrize(
    "data", [{}, {"os": "linux"}, {"os": "", "architecture": "amd64"}, {"os": 1, "architecture": 2}]
)
def test_an_entry_without_a_platform_has_none(data: dict[str, object]) -> None:
    assert platform_of(data) is None
