"""What a registry asks for when it answers 401."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.registry.http.challenge import challenges


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], []),
        (['Basic realm="a"'], [("basic", {"realm": "a"})]),
        (["BASIC"], [("basic", {})]),
        (["Basic realm=plain"], [("basic", {"realm": "plain"})]),
        (
            ['Bearer realm="https://auth.io/token",service="registry.io",scope="repository:a/b:pull,push"'],
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.io/token",
                        "service": "registry.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (['Bearer realm = "a" , service = b'], [("bearer", {"realm": "a", "service": "b"})]),
        (['Bearer REALM="say \\"hi\\", \\\\o/"'], [("bearer", {"realm": 'say "hi", \\o/'})]),
        (['Negotiate, Basic realm="x"'], [("negotiate", {}), ("basic", {"realm": "x"})]),
        (['Basic realm="x", Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (['Basic realm="x"', 'Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        ([', , Basic realm="x",'], [("basic", {"realm": "x"})]),
        (['Bearer realm="never closed'], [("bearer", {})]),
        (['"', "=", "1"], []),
    ],
)
def test_what_a_registry_asks_for(headers: list[str], found: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, one.parameters) for one in challenges(headers)] == found


WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True)
VALUES = st.dictionaries(
    WORD.map(str.lower), st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")))
)


@given(st.lists(st.tuples(WORD, VALUES), max_size=4))
def test_whatever_is_quoted_comes_back(wanted: list[tuple[str, dict[str, str]]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    parts = [
        f"{scheme} " + ", ".join(f"{k}={quoted(v)}" for k, v in pairs.items()) for scheme, pairs in wanted
    ]
    expected = [(scheme.lower(), pairs) for scheme, pairs in wanted]
    assert [(one.scheme, one.parameters) for one in challenges(parts)] == expected
    assert [(one.scheme, one.parameters) for one in challenges([", ".join(parts)])] == expected


@given(st.lists(st.text()))
def test_no_header_is_too_strange(headers: list[str]) -> None:
    for one in challenges(headers):
        assert one.scheme.isascii()


def test_a_hostile_header_costs_no_time() -> None:
    for text in (" " * 60_000, "Bearer" + " ," * 30_000, 'Bearer a="' + "\\" * 60_000, "a " * 30_000):
        challenges([text])
