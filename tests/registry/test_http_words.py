"""What a server says, and what of it is repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.registry.http.purpose import Purpose
from vddkctl.registry.http.refusal import name_of, refusal
from vddkctl.registry.http.words import codes, said

PURPOSE = Purpose("read the tag 8", "harbor.company.com/vddk:8", "vddk", ())


def errors(*entries: Any) -> bytes:
    return json.dumps({"errors": list(entries)}).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (errors({"code": "DENIED", "message": "not yours"}), "not yours"),
        (errors({"code": "DENIED"}, {"message": "really"}), "DENIED; really"),
        (errors({"code": "DENIED", "message": None}, "text", 1, {"message": {"a": 1}}), "DENIED"),
        (b'{"errors": "x"}', ""),
        (b'["errors"]', ""),
        (b"no space left\r\n on device", "no space left on device"),
        (b"<html><head><title>502 Bad\nGateway &amp; more</title></head>", "502 Bad Gateway & more"),
        (b"<Error><Code>AccessDenied</Code></Error>", ""),
        (b"\x1b[31mred\xff", r"\x1b[31mred�"),
        (b"no! " * 250, "no! " * 50 + "…"),
        (b"see https://s3.io/bucket/key?X-Signature=abc&Expires=1 now", "see https://s3.io/bucket/key?… now"),
        (b"from http://user:secret@h.io/x", "from http://h.io/x"),
        (b'bad header "Authorization: Bearer abc.def"', 'bad header "Authorization: Bearer …"'),
        (b"[" * 100_000, "[" * 200 + "…"),
    ],
)
def test_what_a_server_says(body: bytes, words: str) -> None:
    assert said(body) == words


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: errors(x))
)
def test_no_answer_is_too_strange(body: bytes) -> None:
    assert len(said(body)) <= 201
    assert "\n" not in said(body)
    codes(body)


def test_codes_of_a_registry() -> None:
    assert codes(errors({"code": "A"}, {"code": 1}, "B", {"code": "C"})) == {"A", "C"}
    assert codes(b"nothing") == frozenset()


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (403, b"", DeniedError, 'cannot read the tag 8: 403 Forbidden; the login is user "robot" (the file)'),
        (401, errors({"message": "no"}), DeniedError, "401 Unauthorized (no); the login is user"),
        (404, b"", RegistryError, "look at the repository's name"),
        (
            400,
            b"Client sent an HTTP request to an HTTPS server.\n",
            RegistryError,
            "set registries.h.io.tls: verify",
        ),
        (
            400,
            b"<title>400 No required SSL certificate was sent</title>",
            DeniedError,
            "set registries.h.io.clientCertificateFile",
        ),
        (496, b"", DeniedError, "status 496"),
        (407, b"", RegistryError, "a login stands before the host"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, body: bytes, kind: type[RegistryError], text: str) -> None:
    error = refusal(PURPOSE, status, body, registry="h.io", user='user "robot" (the file)')
    assert type(error) is kind
    assert text in str(error)
    assert str(error).startswith("harbor.company.com/vddk:8: cannot read the tag 8: ")


def test_a_refusal_without_a_login_says_how_to_log_in() -> None:
    error = refusal(PURPOSE, 401, b"", registry="h.io")
    assert isinstance(error, DeniedError)
    assert "401 Unauthorized; no login was used\n  log in with: podman login h.io" in str(error)


def test_a_refusal_of_another_server_names_it() -> None:
    error = refusal(PURPOSE, 403, b"", registry="h.io", elsewhere="s3.io")
    assert not isinstance(error, DeniedError)
    assert "cannot read the tag 8: s3.io: 403 Forbidden\n  it is where h.io sends us; try again" in str(error)


def test_statuses_have_names() -> None:
    assert name_of(404) == "404 Not Found"
    assert name_of(499) == "status 499"
