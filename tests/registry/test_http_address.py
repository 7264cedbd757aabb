"""Where registries are, and where they send us."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import RegistryError, VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.registry.http.access import Access, access_to, is_loopback
from vddkctl.registry.http.address import joined, origin, place_of
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.wire import Wire
from vddkctl.site.model import RegistrySettings

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
