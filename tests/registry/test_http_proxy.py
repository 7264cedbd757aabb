"""Which proxy leads where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import RegistryError
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.proxy import proxy_for
from vddkctl.registry.http.wire import Wire


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
