import pytest

from vddkctl.vddk.file_name import NameFacts, name_facts
from vddkctl.vddk.published import PUBLISHED, published
from vddkctl.vddk.versions import same_version, vsphere_of


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", NameFacts("8.0.1", "21562716", "x86_64")),
        ("VMware-vix-disklib-9.1.0.0.25379531.x86_64.tar.gz", NameFacts("9.1.0.0", "25379531", "x86_64")),
        ("VMware-vix-disklib-distrib-8.0.1.tar.gz", NameFacts("8.0.1", None, None)),
        ("VMware-vix-disklib-7.0.3-20134304.x86_64 (1).tar.gz", NameFacts("7.0.3", "20134304", "x86_64")),
        ("old-VMware-vix-disklib-6.7.3-14389676.x86_64.tar.gz", NameFacts("6.7.3", "14389676", "x86_64")),
        ("VMware-vix-disklib-8.0-20521017.x86_64.tar.gz", NameFacts("8.0", "20521017", "x86_64")),
        ("VMware-vix-disklib.tar.gz", NameFacts()),
        ("vddk.tar.gz", NameFacts()),
        ("", NameFacts()),
    ],
)
def test_what_a_file_name_says(name: str, facts: NameFacts) -> None:
    assert name_facts(name) == facts


@pytest.mark.parametrize(
    ("version", "vsphere"),
    [
        ("7.0.3", "6.5 and later"),
        ("8.0.1", "6.7 and later"),
        ("9.1.0.0", "7.0 and later"),
        ("6.7.3", None),
        ("10.0.0", None),
        ("", None),
    ],
)
def test_which_vsphere_a_version_works_with(version: str, vsphere: str | None) -> None:
    assert vsphere_of(version) == vsphere


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("9.0.1.0", "9.0.1", True),
        ("8.0", "8.0.0", True),
        ("8.0.1", "8.0.10", False),
        ("8.0.1", "8.0.3", False),
    ],
)
def test_trailing_zeros_do_not_make_another_version(one: str, other: str, same: bool) -> None:
    assert same_version(one, other) is same


def test_published_archives_are_found_by_md5_in_either_case() -> None:
    assert len({entry.md5 for entry in PUBLISHED}) == len(PUBLISHED)
    for entry in PUBLISHED:
        assert published(entry.md5.upper()) is entry
    assert published("0" * 32) is None
