"""curl reaches a registry of any name through the proxy, and only with the proxy's password."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.forward_proxy import ForwardProxy, forward_proxy
from tests.support.running_registry import RunningRegistry


def status(proxy: ForwardProxy, *words: str | Path, url: str = "") -> str:
    """What curl gets through the proxy; ``000`` is nothing."""
    options = ("-s", "-o", "/dev/null", "-w", "%{http_code}", "--proxy", url or proxy.url)
    done = subprocess.run(["curl", *options, *map(str, words)], capture_output=True, text=True, check=False)
    return done.stdout


def test_plain_requests_go_through_one_by_one(plain_registry: RunningRegistry) -> None:
    with forward_proxy(plain_registry) as proxy:
        addresses = [f"http://registry.tests/v2/{path}" for path in ("", "a/tags/list")]
        assert [status(proxy, address) for address in addresses] == ["200", "404"]
        assert status(proxy, addresses[0], "-o", "/dev/null", addresses[1]) == "200404"
        assert [one.target for one in proxy.asked] == addresses * 2


def test_tls_goes_through_a_tunnel(tls_registry: RunningRegistry) -> None:
    assert tls_registry.ca
    with forward_proxy(tls_registry) as proxy:
        assert status(proxy, "--cacert", tls_registry.ca, "https://registry.tests/v2/") == "200"
        assert [(one.method, one.target) for one in proxy.asked] == [("CONNECT", "registry.tests:443")]


def test_it_may_demand_a_password(tls_registry: RunningRegistry) -> None:
    assert tls_registry.ca
    words = ("--cacert", tls_registry.ca, "https://registry.tests/v2/")
    with forward_proxy(tls_registry, credentials="someone:secret") as proxy:
        assert status(proxy, *words) == "000"
        assert status(proxy, *words, url=proxy.url.replace("//", "//someone:secret@")) == "200"
