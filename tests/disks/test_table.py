"""Disks from tables, as people have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vddkctl.disks.table import disks_of_table
from vddkctl.errors import VddkctlError
from vddkctl.vddk.tuning import Disk

GB, GIB, MIB = 10**9, 2**30, 2**20


def read(tmp_path: Path, text: str, provider: str | None = None) -> list[tuple[str, str, int]]:
    file = tmp_path / "disks.csv"
    file.write_text(text, encoding="utf-8-sig")
    found = disks_of_table(file, "disks.csv", provider)
    assert all(isinstance(disk, Disk) for disk in found)
    return [(disk.provider or disk.server, disk.vm, disk.size) for disk in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("provider,vm,size_gb\np,a,40\n", [("p", "a", 40 * GB)]),
        ("Provider;VM;Size (GiB)\np;a;40,5\n", [("p", "a", round(40.5 * GIB))]),
        ("vm\tdisk_size\na\t40 GB\nb\t1.5TiB\n", [("", "a", 40 * GB), ("", "b", round(1.5 * 2**40))]),
        ('VM,Disk,Capacity MiB,VI SDK Server\na,Hard disk 1,"40,960",vc\n', [("vc", "a", 40960 * MIB)]),
        ("VM,Disk,Capacity MB,VI SDK Server\na,Hard disk 1,1024,vc\n", [("vc", "a", 1024 * MIB)]),
        ("VM,Provisioned MiB,VI SDK Server\na,1024,vc\n\n", [("vc", "a", 1024 * MIB)]),
        ("name,size\na,1000000000\nb,\n", [("", "a", GB)]),
        ("vm,disk_gb\na,7\n", [("", "a", 7 * GB)]),
        ("sep=;\nvm;size_gib\na;1.234,5\n", [("", "a", round(1234.5 * GIB))]),
        ('vm,size_gb,note\na,7,"two\nlines"\nb,8,\n', [("", "a", 7 * GB), ("", "b", 8 * GB)]),
        ('vm,size_mib\na,"1,024,000.5"\n', [("", "a", round(1024000.5 * MIB))]),
        ("VM,Template,Capacity MiB\na,False,1024\nt,True,1024\n", [("", "a", 1024 * MIB)]),
        ("vm,size_gb\na,1.024\n", [("", "a", 1_024_000_000)]),
    ],
)
def test_forms(tmp_path: Path, text: str, found: list[tuple[str, str, int]]) -> None:
    assert read(tmp_path, text) == found


def test_the_provider_of_rows_that_name_none(tmp_path: Path) -> None:
    assert read(tmp_path, "provider,vm,size_gb\n,a,1\nq,b,1\n", "p") == [("p", "a", GB), ("q", "b", GB)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "disks.csv: the table is empty"),
        ("vm,colour\na,red\n", "disks.csv:1: no column has the sizes of disks; there are: vm, colour"),
        ("vm,disk\na,Hard disk 1\n", "no column has the sizes"),
        ("vm,size_gb\na,1\nb,many\n", "disks.csv:3: 'many' is no size"),
        ("vm,size_gb\na,1 parsec\n", "is no size"),
        ("vm,size_gb\n", "there is no disk in the table"),
        ("vm,size\na,100\n", "disks.csv:2: '100' of what"),
        ("vm;size_gb\na;40.960\n", "can be read in two ways"),
        ("vm,size_gb\na," + "9" * 400 + "\n", "is no size"),
        ("vm,size_gb\na,1.2,3.4.5\nb,1.2.3\n", "disks.csv:3: '1.2.3' is no size"),
        ('vm,size_gb\na,"4\n', "this is no CSV"),
        ("vm,size_gb\na\0,4\nb,-1\n", "'-1' is no size|no CSV"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(VddkctlError, match=says.replace("(", r"\(")):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PK\3\4", "a workbook"), (b"vm,size_gb\n\xff,1\n", "not UTF-8")],
    ids=["xlsx", "latin"],
)
def test_files_of_other_kinds(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "disks.csv").write_bytes(content)
    with pytest.raises(VddkctlError, match=says):
        disks_of_table(tmp_path / "disks.csv", "disks.csv", None)


def test_excels_unicode_text(tmp_path: Path) -> None:
    (tmp_path / "disks.csv").write_bytes("vm\tsize_gb\na\t4\n".encode("utf-16"))
    assert disks_of_table(tmp_path / "disks.csv", "disks.csv", None) == [Disk("", "a", 4 * GB)]


def test_a_vcenter_is_no_provider_until_somebody_says_whose(tmp_path: Path) -> None:
    file = tmp_path / "disks.csv"
    file.write_text("VM,Capacity MiB,VI SDK Server\na,1024,vc.example.com\n")
    assert disks_of_table(file, "disks.csv", None) == [Disk("", "a", 1024 * MIB, "vc.example.com")]
    assert disks_of_table(file, "disks.csv", "prod") == [Disk("prod", "a", 1024 * MIB)]
