"""Ways that lead nowhere, and ways by a proxy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.registry.clients import client, image_of, login_of, noise, reference_in
from tests.support.forward_proxy import forward_proxy
from tests.support.registries import new_repository
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import DeniedError, RegistryError, UnreachableError
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.patience import Patience
from vddkctl.registry.http.registry import HttpRegistry
from vddkctl.registry.push import push

NAME = "registry.tests"
"""In the certificates; nobody but the forward proxy knows where it is."""


def at(host: str, *, scheme: str = "https", ca: Path | None = None, **environment: str) -> HttpRegistry:
    access = Access(host, "https" if scheme == "https" else "http", ca_file=ca, environment=environment)
    return HttpRegistry(access, None, Silent(), Patience(4, 0.01))


def said(registry: HttpRegistry) -> str:
    with pytest.raises(RegistryError) as caught:
        registry.resolve(parse(f"{registry.host}/vddk:8"))
    assert type(caught.value) is UnreachableError
    return str(caught.value)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens, and nobody will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_host_that_does_not_exist() -> None:
    assert said(at("registry.invalid")) == (
        "registry.invalid/vddk:8: cannot read the tag 8: registry.invalid: there is no host of that name\n"
        "  check the name; is the network (or the VPN) up?"
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_where_nobody_listens(nobody: str, scheme: str) -> None:
    assert said(at(nobody, scheme=scheme)) == (
        f"{nobody}/vddk:8: cannot read the tag 8: {nobody}: the connection is refused\n"
        "  is the registry running, and is the port right?"
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_somebody_who_says_nothing(scheme: str) -> None:
    """The connection is made by the system; nobody ever looks at it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        assert said(at(host, scheme=scheme, VDDKCTL_REGISTRY_TIMEOUT="0.1")) == (
            f"{host}/vddk:8: cannot read the tag 8: {host}: it stays silent\n"
            "  is it up, and is the way there open (firewall, proxy)?"
        )


def test_somebody_who_does_not_even_answer_the_call() -> None:
    """A full queue of connections: what is sent to begin one is dropped, as a firewall does it."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            host = f"127.0.0.1:{address[1]}"
            assert "it cannot be connected to in time" in said(
                at(host, scheme="http", VDDKCTL_REGISTRY_TIMEOUT="0.1")
            )
        finally:
            for one in waiting:
                one.close()


# --- a proxy ------------------------------------------------------------------------------------------------------


def test_https_goes_through_a_proxy(tls_registry: RunningRegistry) -> None:
    image, repository = image_of(noise(1_000_000)), new_repository()
    with forward_proxy(tls_registry) as proxy:
        registry = at(NAME, ca=tls_registry.ca, HTTPS_PROXY=proxy.url)
        push(registry, parse(f"{NAME}/{repository}:1"), image, Silent())
        assert {(one.method, one.target) for one in proxy.asked} == {("CONNECT", f"{NAME}:443")}
        assert len(proxy.asked) <= 4  # tunnels are kept, too
    assert tls_registry.tags(repository) == {"1": image.descriptor.digest}


def test_http_goes_through_a_proxy(plain_registry: RunningRegistry) -> None:
    image, repository = image_of(noise(1_000_000)), new_repository()
    with forward_proxy(plain_registry) as proxy:
        registry = at(NAME, scheme="http", http_proxy=proxy.url)
        push(registry, parse(f"{NAME}/{repository}:1"), image, Silent())
        assert {one.target.partition("/v2/")[0] for one in proxy.asked} == {f"http://{NAME}"}
    assert plain_registry.tags(repository) == {"1": image.descriptor.digest}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_login(
    tls_registry: RunningRegistry, plain_registry: RunningRegistry, scheme: str
) -> None:
    place, login = (tls_registry if scheme == "https" else plain_registry), "someone:p@ss/%41"
    with forward_proxy(place, credentials=login) as proxy:
        host = proxy.url.removeprefix("http://")
        name = f"{scheme}_proxy"
        written = ":".join(quote(part, safe="") for part in login.split(":", 1))
        right = at(NAME, scheme=scheme, ca=place.ca, **{name: f"http://{written}@{host}"})
        assert right.tags(parse(f"{NAME}/vddk")) == ()
        wrong = at(NAME, scheme=scheme, ca=place.ca, **{name: f"http://someone:wr0ng@{host}"})
        with pytest.raises(RegistryError) as caught:
            wrong.tags(parse(f"{NAME}/vddk"))
        assert "cannot list the tags: " in str(caught.value)
        assert "407 Proxy Authentication Required\n  look at HTTPS_PROXY" in str(caught.value)
        assert "wr0ng" not in str(caught.value)
        assert len(proxy.asked) == 2  # it is not asked again


def test_the_login_of_a_proxy_is_not_the_registrys(password_registry: RunningRegistry) -> None:
    with forward_proxy(password_registry, credentials="someone:secret") as proxy:
        host = proxy.url.removeprefix("http://")
        access = Access(NAME, "http", environment={"HTTP_PROXY": f"http://someone:secret@{host}"})
        login = login_of(password_registry)
        registry = HttpRegistry(access, lambda host, path: login, Silent(), Patience(4, 0.01))
        assert registry.tags(parse(f"{NAME}/vddk")) == ()
        sent = [one.headers.get("authorization", "none") for one in proxy.asked]
        assert sent == ["none", password_registry.basic]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down(nobody: str, scheme: str) -> None:
    registry = at(NAME, scheme=scheme, ALL_PROXY=f"http://someone:secret@{nobody}")
    assert said(registry) == (
        f"{NAME}/vddk:8: cannot read the tag 8: {NAME}: the proxy {nobody}: the connection is refused\n"
        "  look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
    )


def test_a_proxy_that_speaks_no_tls(tls_registry: RunningRegistry) -> None:
    with forward_proxy(tls_registry) as proxy:
        url = proxy.url.replace("http://", "https://")
        assert "the proxy 127.0.0.1" in said(
            at(NAME, ca=tls_registry.ca, HTTPS_PROXY=url, VDDKCTL_REGISTRY_TIMEOUT="0.1")
        )


def test_certificates_are_checked_through_a_proxy(tls_registry: RunningRegistry) -> None:
    with forward_proxy(tls_registry) as proxy:
        assert f"{NAME}: its certificate is not trusted" in said(at(NAME, HTTPS_PROXY=proxy.url))


def test_what_no_proxy_names_goes_straight(tls_registry: RunningRegistry) -> None:
    with forward_proxy(tls_registry) as proxy:
        registry = at(NAME, ca=tls_registry.ca, HTTPS_PROXY=proxy.url, NO_PROXY="other.io, .tests")
        assert "there is no host of that name" in said(registry)
        assert proxy.asked == []


def test_this_machine_is_never_behind_a_proxy(plain_registry: RunningRegistry, nobody: str) -> None:
    environment = {"HTTP_PROXY": f"http://{nobody}", "ALL_PROXY": f"http://{nobody}"}
    assert client(plain_registry, environment=environment).tags(reference_in(plain_registry, "a/b")) == ()


def test_a_client_without_the_right_certificate_is_denied_through_a_proxy(
    mutual_tls_registry: RunningRegistry,
) -> None:
    with forward_proxy(mutual_tls_registry) as proxy:
        registry = at(NAME, ca=mutual_tls_registry.ca, HTTPS_PROXY=proxy.url)
        with pytest.raises(DeniedError, match=f"{NAME}: it wants a client certificate"):
            registry.resolve(parse(f"{NAME}/vddk:8"))
