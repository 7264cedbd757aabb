from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Golden, Vddkctl
from tests.support.sites import SiteOnDisk

COMMANDS = ("init", "demo", "validate", "plan", "apply", "show", "drift", "explain", "schema", "version")
IMAGE_COMMANDS = ("copy", "export", "index", "inspect", "verify")

WRONG: list[tuple[tuple[str, ...], str]] = [
    (("paln",), "Error: No such command 'paln'. Did you mean 'plan'?\n  See: vddkctl --help\n"),
    (("plan", "--fast"), "Error: No such option: --fast"),
    (
        ("plan", "site.yaml"),
        "Error: Got unexpected extra argument(s) (site.yaml)\n  See: vddkctl plan --help\n",
    ),
    (("plan", "-f"), "Error: Option '-f' requires an argument.\n  See: vddkctl"),
    (
        ("plan", "--output", "yaml"),
        "Error: Invalid value for '--output': 'yaml' is not one of 'text', 'json'.\n",
    ),
    (("plan", "-f", ""), "Error: -f needs the name of a file, or -\n"),
    (("show",), "Error: Missing argument 'FILE'.\n  See: vddkctl show --help\n"),
    (("schema", "all"), "Error: Invalid value for 'WHICH': 'all' is not one of 'site', 'plan'.\n"),
    (("archive", "look"), "Error: No such command 'look'."),
    (("archive", "inspect"), "Error: Missing argument 'ARCHIVE'.\n  See: vddkctl archive inspect --help\n"),
    (("image", "look"), "Error: No such command 'look'."),
    (("image", "copy", "oci:a:1"), "Error: Missing argument 'DST'.\n  See: vddkctl image copy --help\n"),
    (
        ("image", "export", "oci:a:1", "a", "--format", "zip"),
        "Error: Invalid value for '--format': 'zip' is not one",
    ),
    (("plan", "--target", "image.vddk-9"), "Error: --target image.vddk-9 matches no address\n  addresses: "),
    (("plan", "--exclude", "nothing"), "Error: --exclude nothing matches no address\n  addresses: "),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_wrong_command_line_ends_with_64_and_says_where_help_is(
    vddkctl: Vddkctl, site: SiteOnDisk, words: tuple[str, ...], said: str
) -> None:
    done = vddkctl(*words, cwd=site.root)
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith(said)
    assert len(done.err.splitlines()) <= 2


@pytest.mark.parametrize("words", [(), ("archive",), ("image",)])
def test_a_group_without_a_command_shows_its_help(vddkctl: Vddkctl, words: tuple[str, ...]) -> None:
    done = vddkctl(*words)
    assert (done.code, done.out) == (64, "")
    assert done.err == vddkctl(*words, "--help").out


def test_the_help_of_every_command(vddkctl: Vddkctl, golden: Golden) -> None:
    texts = []
    groups = (("archive",), ("archive", "inspect"), ("image",), *(("image", name) for name in IMAGE_COMMANDS))
    for words in ((), *((name,) for name in COMMANDS), *groups):
        done = vddkctl(*words, "--help", env={"COLUMNS": "80"})
        assert (done.code, done.err) == (0, "")
        texts.append(done.out)
    assert "``" not in "".join(texts)
    assert not [
        line for text in texts for line in text.partition("Commands:")[2].splitlines() if "..." in line
    ]
    golden("help.txt", "\n".join(texts))


def test_help_is_also_h(vddkctl: Vddkctl) -> None:
    assert vddkctl("plan", "-h").out == vddkctl("plan", "--help").out


@pytest.mark.parametrize("words", [("init",), ("schema",), ("version",), ("validate",), ("demo", "full")])
def test_every_command_takes_v(vddkctl: Vddkctl, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    quiet, chatty = vddkctl(*words, "--help").out, vddkctl(*words, "-vv")
    assert "-v, --verbose" in quiet
    assert chatty.code != 64


def test_the_version_has_an_option_and_a_command(vddkctl: Vddkctl) -> None:
    by_option, by_command = vddkctl("--version"), vddkctl("version")
    assert by_option == by_command
    assert re.fullmatch(r"vddkctl \d+\.\d+\.\d+\S* \(Python 3\.\S+\)\n", by_option.out)
    assert (by_option.code, by_option.err) == (0, "")


HEAVY = ("kubernetes", "deepdiff", "ruamel", "isal", "deflate", "tarfile", "rich", "asyncio")


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (("--help",), HEAVY),
        (("plan", "--help"), HEAVY),
        (("image", "copy", "--help"), (*HEAVY, "urllib3", "ssl")),
        (("version",), HEAVY),
        (("plan",), ("kubernetes", "deepdiff", "rich", "asyncio")),
        (("drift",), ("kubernetes", "deepdiff", "rich", "asyncio")),
        (("apply", "--auto-approve"), ("kubernetes", "deepdiff", "rich", "asyncio")),
    ],
)
def test_what_a_command_does_not_need_is_not_loaded(
    vddkctl: Vddkctl, applied: SiteOnDisk, words: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    done = vddkctl(*words, cwd=applied.root, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.code == 0
    loaded = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines() if "|" in line
    }
    assert "typer" in loaded
    assert loaded & set(absent) == set()


def test_the_spec_comes_from_where_it_is_said(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    text = site.spec.read_text()
    site.spec.rename(site.root / "other.yaml")
    assert vddkctl("validate", cwd=site.root).err == (
        "Error: site.yaml: no such file\n  name it with -f FILE, or write one with: vddkctl init\n"
    )
    valid = "{} is valid: 2 images, 3 provider entries\n"
    assert vddkctl("validate", "-f", "other.yaml", cwd=site.root).out == valid.format("other.yaml")
    by_variable = vddkctl("validate", cwd=site.root, env={"VDDKCTL_FILE": "other.yaml"})
    assert by_variable.out == valid.format("other.yaml")
    assert vddkctl("validate", "--file", "-", cwd=site.root, input=text).out == valid.format("<stdin>")
    both = vddkctl("validate", "-f", "other.yaml", cwd=site.root, env={"VDDKCTL_FILE": "gone.yaml"})
    assert both.code == 0


def test_mistakes_in_a_spec_are_told_with_their_places_alone(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    site.change("site.yaml", "vddkImage: vddk-8", "vddkImage: vddk-9")
    for command in (("validate",), ("apply", "--auto-approve"), ("drift",)):
        done = vddkctl(*command, cwd=site.root)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("site.yaml:")
    piped = vddkctl("plan", "-f", "-", cwd=site.root, input=site.spec.read_text())
    assert piped.err.startswith("<stdin>:")


def test_the_exit_codes_of_plan(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("plan", cwd=site.root).code == 0
    assert vddkctl("plan", "--detailed-exitcode", cwd=site.root).code == 2
    site.apply()
    assert vddkctl("plan", "--detailed-exitcode", "--summary", cwd=site.root).code == 0
    (site.root / "eight.tar.gz").unlink()
    assert vddkctl("plan", "--detailed-exitcode", cwd=site.root).code == 1


def test_init_writes_a_spec_once(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    written = vddkctl("init", "new.yaml", cwd=site.root)
    assert (written.code, written.out) == (0, "")
    assert written.err == "Wrote new.yaml. Next: edit it, then vddkctl plan -f new.yaml\n"
    assert vddkctl("validate", "-f", "new.yaml", cwd=site.root).code == 0
    again = vddkctl("init", "new.yaml", cwd=site.root)
    assert (again.code, again.err) == (
        1,
        "Error: new.yaml: there is a file already, and it stays as it is\n  name another one\n",
    )
    assert vddkctl("init", "-", cwd=site.root).out == (site.root / "new.yaml").read_text()
