"""What of the client needs no server: challenges, waits, addresses, names."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import DeniedError, RegistryError, VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.registry.http.access import Access, access_to, is_loopback
from vddkctl.registry.http.address import joined, origin, place_of
from vddkctl.registry.http.challenge import challenges
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.patience import Patience, seconds_asked
from vddkctl.registry.http.proxy import proxy_for
from vddkctl.registry.http.purpose import Purpose
from vddkctl.registry.http.refusal import name_of, refusal
from vddkctl.registry.http.wire import Wire
from vddkctl.registry.http.words import codes, said
from vddkctl.site.model import RegistrySettings

PURPOSE = Purpose("read the tag 8", "harbor.company.com/vddk:8", "vddk", ())


# --- challenges ---------------------------------------------------------------------------------------------------


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


# --- waits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-1", None),
        ("soon", None),
        ("²", None),
        ("1.5", None),
    ],
)
def test_a_wait_that_is_asked_for(text: str | None, seconds: float | None) -> None:
    assert seconds_asked(text) == seconds


def test_a_wait_until_a_date() -> None:
    in_a_minute = seconds_asked(formatdate(time.time() + 60, usegmt=True))
    assert in_a_minute is not None
    assert 50 < in_a_minute <= 60
    assert seconds_asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@given(
    st.text()
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes().map(lambda at: formatdate(at.year * 3e7))
)
def test_no_wait_is_too_strange(text: str) -> None:
    seconds = seconds_asked(text)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 9), st.floats(0.001, 10), st.integers(1, 12))
def test_waits_double_and_end(attempts: int, first: float, attempt: int) -> None:
    delay = Patience(attempts, first).delay(attempt)
    if attempt >= attempts:
        assert delay is None
    else:
        assert delay is not None
        assert 0.75 <= delay / (first * 2 ** (attempt - 1)) <= 1.25


def test_a_registry_may_ask_for_so_much_and_no_more() -> None:
    patience = Patience(most=100)
    assert patience.delay(1, "100") == 100
    assert patience.delay(1, "101") is None
    assert patience.delay(1, "9" * 400) is None
    assert patience.delay(5, "1") is None  # it was the last attempt


# --- addresses ----------------------------------------------------------------------------------------------------

BASE = "https://harbor.company.com/v2/vddk/blobs/uploads/"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2/x?_state=a%2Fb", "https://harbor.company.com/v2/x?_state=a%2Fb"),
        ("uuid-1?x=1#part", f"{BASE}uuid-1?x=1"),
        ("//other.io/x", "https://other.io/x"),
        ("http://other.io:5000/x", "http://other.io:5000/x"),
        ("ftp://other.io/x", None),
        ("file:///etc/passwd", None),
        ("https://", BASE),  # the same place
        ("https://h:99999/", None),
        ("https://h:x/", None),
        ("http://[::1/", None),
    ],
)
def test_where_a_location_leads(location: str, url: str | None) -> None:
    assert joined(BASE, location) == url


@given(st.text())
def test_no_location_is_too_strange(location: str) -> None:
    url = joined(BASE, location)
    if url is not None:
        assert origin(url)[0] in {"http", "https"}
        assert "?" not in place_of(url)


def test_the_default_port_is_the_same_place() -> None:
    assert origin("https://Harbor.company.com:443/x") == origin("https://harbor.company.com/y")
    assert origin("http://h/") != origin("https://h/")
    assert origin("http://h:5000/") != origin("http://h/")


def test_a_place_is_shown_without_what_is_secret() -> None:
    assert place_of("https://user:secret@s3.io:8443/bucket?X-Signature=abc") == "s3.io:8443"


@pytest.mark.parametrize(
    ("reference", "url", "path"),
    [
        ("docker.io/busybox:1", "https://registry-1.docker.io", "library/busybox"),
        ("index.docker.io/busybox:1", "https://registry-1.docker.io", "library/busybox"),
        ("docker.io/company/vddk:8", "https://registry-1.docker.io", "company/vddk"),
        ("quay.io/vddk:8", "https://quay.io", "vddk"),
    ],
)
def test_docker_hub_has_names_of_its_own(reference: str, url: str, path: str) -> None:
    found = parse(reference)
    assert (Access(found.host).url, path_of(found)) == (url, path)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.1.2.3", True),
        ("[::1]:5000", True),
        ("localhost.company.com", False),
        ("10.0.0.1", False),
        ("1127.0.0.1", False),
    ],
)
def test_this_machine_by_its_names(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("host", "settings", "scheme", "verify"),
    [
        ("harbor.io", None, "https", True),
        ("harbor.io", {}, "https", True),
        ("harbor.io", {"tls": "skip-verify"}, "https", False),
        ("harbor.io", {"tls": "plain-http"}, "http", True),  # where it redirects to TLS, that is checked
        ("localhost:5000", None, "http", True),
        ("localhost:5000", {}, "http", True),
        ("localhost:5000", {"tls": "verify"}, "https", True),
        ("localhost:5000", {"caFile": "ca.pem"}, "https", True),
        ("localhost:5000", {"clientCertificateFile": "c.pem", "clientKeyFile": "k.pem"}, "https", True),
        ("localhost:5000", {"tls": "skip-verify"}, "https", False),
    ],
)
def test_how_a_registry_is_reached(
    host: str, settings: dict[str, str] | None, scheme: str, verify: bool
) -> None:
    known = RegistrySettings.model_validate(settings) if settings is not None else None
    access = access_to(host, known, Path("/site").joinpath, {})
    assert (access.scheme, access.verify) == (scheme, verify)
    if settings and "caFile" in settings:
        assert access.ca_file == Path("/site/ca.pem")


def test_a_port_that_no_machine_has() -> None:
    with pytest.raises(RegistryError, match=r"h\.io:99999: there is no such port"):
        access_to("h.io:99999", None, Path, {})


@pytest.mark.parametrize("text", ["x", "0", "-1", "inf", "nan", "1 s"])
def test_a_silence_that_is_no_number(text: str) -> None:
    with pytest.raises(VddkctlError, match="it is not a number of seconds"):
        Wire(Access("h.io", environment={"VDDKCTL_REGISTRY_TIMEOUT": text}))


# --- proxies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://h.io/v2/", {}, None),
        ("https://h.io/v2/", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.io/v2/", {"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ("https://h.io/v2/", {"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, "http://q:1"),
        ("https://h.io/v2/", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://h.io/v2/", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.io/v2/", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("https://localhost:5000/v2/", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://127.0.0.1/v2/", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://[::1]:5000/v2/", {"HTTPS_PROXY": "http://p:1"}, None),
    ],
)
def test_the_proxy_for_an_address(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, environment) == proxy


@pytest.mark.parametrize(
    ("entry", "host", "direct"),
    [
        ("*", "h.io", True),
        ("h.io", "h.io", True),
        ("H.io", "h.IO", True),
        ("h.io", "a.h.io", True),
        ("h.io", "xh.io", False),
        (".h.io", "a.h.io", True),
        (".h.io", "h.io", True),
        ("*.h.io", "a.h.io", True),
        ("h.io:5000", "h.io:5000", True),
        ("h.io:5000", "h.io:5001", False),
        ("h.io:443", "h.io", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3:5000", True),
        ("10.1.2.3:5000", "10.1.2.3:5000", True),
        ("fd00::/8", "[fd00::1]:5000", True),
        ("[fd00::1]:5000", "[fd00::1]:5000", True),
        ("a.io, h.io", "h.io", True),
        ("a.io h.io", "h.io", True),
        (" ,", "h.io", False),
    ],
)
def test_exceptions_from_the_proxy(entry: str, host: str, direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        found = proxy_for(f"https://{host}/v2/", {"HTTPS_PROXY": "http://p:1", name: entry})
        assert (found is None) is direct


@given(st.text())
def test_no_exception_is_too_strange(entries: str) -> None:
    proxy_for("https://10.0.0.1:5000/v2/", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": entries})


def test_a_proxy_that_is_no_address() -> None:
    for proxy in ("socks5://p:1080", "http://[x", "http://p:port"):
        wire = Wire(Access("h.io", environment={"HTTPS_PROXY": proxy}))
        with pytest.raises(RegistryError, match=r"h\.io: the proxy for it is no address that can be used"):
            wire.send("GET", "https://h.io/v2/", {}, None)


# --- a server's words ---------------------------------------------------------------------------------------------


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
        (b"x" * 1000, "x" * 200 + "…"),
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
