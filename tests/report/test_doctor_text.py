from __future__ import annotations

from vddkctl.doctor.check import Group, failed, passed, skipped, warned
from vddkctl.report.doctor_text import doctor_json, doctor_text
from vddkctl.report.style import Style

FINDINGS = (
    passed(Group.ENGINES, "podman", "4.3.1"),
    warned(Group.ENGINES, "docker", "no daemon \x1b[2J", "start it"),
    failed(Group.REGISTRY, "h.io login", "refused", "podman login h.io"),
    passed(Group.BASE, "h.io/base", "sha256:" + "a" * 64),
    skipped(Group.PULL, "cluster", "it is not reached"),
)


def test_a_block_a_group_and_what_to_do_below_each_line() -> None:
    assert doctor_text(FINDINGS) == (
        "engines\n"
        "  pass  podman: 4.3.1\n"
        "  warn  docker: no daemon \\x1b[2J\n"
        "        start it\n"
        "\n"
        "registry\n"
        "  fail  h.io login: refused\n"
        "        podman login h.io\n"
        "\n"
        "base\n"
        "  pass  h.io/base: sha256:aaaaaaaa…\n"
        "\n"
        "pull\n"
        "  skip  cluster: it is not reached\n"
        "\n"
        "4 checks: 1 failed, 1 warning; 1 skipped.\n"
    )


def test_colours_are_for_the_status_alone() -> None:
    assert "\x1b[31mfail\x1b[0m  h.io login" in doctor_text(FINDINGS, Style(coloured=True))


def test_the_same_as_data() -> None:
    data = doctor_json(FINDINGS, None)
    assert (data["formatVersion"], data["site"]) == ("1.0", None)
    assert data["summary"] == {"pass": 2, "warn": 1, "fail": 1, "skip": 1}
    assert data["checks"][2] == {
        "group": "registry",
        "name": "h.io login",
        "status": "fail",
        "detail": "refused",
        "next": "podman login h.io",
    }
    assert data["checks"][3]["detail"].endswith("a" * 64)
