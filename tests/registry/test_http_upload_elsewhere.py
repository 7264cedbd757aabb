"""Where an upload goes, and who is told the login; logins that end half-way."""

from __future__ import annotations

import pytest

from tests.registry.clients import MEBIBYTE, noise, put
from tests.support.fault_proxy import faults
from tests.support.faults import (
    ALWAYS,
    UPLOADS,
    BodyLimit,
    Redirect,
    Stall,
    Unauthorized,
)
from tests.support.lies import AnswerHeaders, Location
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import DeniedError, RegistryError

SIZE = 6 * MEBIBYTE
LARGE = noise(SIZE)
PIECE = 4 * MEBIBYTE


@pytest.mark.parametrize(
    "fault",
    [
        Location("", UPLOADS, style="absolute"),
        Location("", UPLOADS, style="path"),
        Location("", UPLOADS, style="relative"),
        Location("", UPLOADS, style="path", query="more=a%2Fb%3D"),
    ],
    ids=lambda fault: f"{fault.style}{fault.query}",
)
@pytest.mark.parametrize("limit", [ALWAYS, MEBIBYTE])
def test_addresses_of_every_kind(
    password_registry: RunningRegistry, repository: str, fault: Location, limit: int
) -> None:
    with faults(password_registry, BodyLimit("", UPLOADS, limit=limit), fault, all_happen=False) as proxy:
        put(proxy.front, repository, LARGE[: 2 * MEBIBYTE])
        if fault.query:
            assert all(fault.query in one.path for one in proxy.requests("PUT", UPLOADS))
    assert len(password_registry.layers(repository)) == 1


def test_an_upload_to_another_host_gets_no_login(password_registry: RunningRegistry, repository: str) -> None:
    with faults(password_registry, address="127.0.0.2", authorization=password_registry.basic) as storage:
        script = Location("POST", UPLOADS, style="absolute", host=storage.host)
        with faults(password_registry, script) as proxy:
            put(proxy.front, repository, LARGE)
        assert [one.method for one in storage.requests()] == ["PUT"]
        assert all("authorization" not in one.headers for one in storage.requests())
    assert len(password_registry.layers(repository)) == 1


def test_another_host_that_wants_a_login_gets_none(
    password_registry: RunningRegistry, repository: str
) -> None:
    with faults(password_registry, address="127.0.0.2") as storage:
        script = Location("POST", UPLOADS, style="absolute", host=storage.host)
        with faults(password_registry, script) as proxy, pytest.raises(RegistryError) as caught:
            put(proxy.front, repository, LARGE)
        assert (
            f": {storage.host}: 401 Unauthorized (authentication required)\n  it is where {proxy.host} sends us"
            in str(caught.value)
        )
        assert all("authorization" not in one.headers for one in storage.requests())


@pytest.mark.parametrize("location", ["ftp://elsewhere/x", "http://[", "https://h:99999/x"])
def test_an_address_that_is_none(plain_registry: RunningRegistry, repository: str, location: str) -> None:
    with (
        faults(plain_registry, AnswerHeaders("POST", UPLOADS, changed={"Location": location})) as proxy,
        pytest.raises(RegistryError, match=r"cannot upload sha256:.*sends us on to no address of a registry"),
    ):
        put(proxy.front, repository, LARGE)


def test_an_upload_that_is_redirected_goes_there(password_registry: RunningRegistry, repository: str) -> None:
    with faults(password_registry, address="127.0.0.2", authorization=password_registry.basic) as storage:
        with faults(
            password_registry, Redirect("PUT", UPLOADS, to=storage.url, query="X-Signature=abc")
        ) as proxy:
            put(proxy.front, repository, LARGE)
        assert all("authorization" not in one.headers for one in storage.requests())
        assert [(one.method, one.received) for one in storage.requests()] == [("PUT", SIZE)]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_an_upload_is_not_redirected_into_a_download(
    plain_registry: RunningRegistry, repository: str, status: int
) -> None:
    with (
        faults(plain_registry, Redirect("POST", UPLOADS, status=status)) as proxy,
        pytest.raises(RegistryError) as caught,
    ):
        put(proxy.front, repository, LARGE)
    assert f"{proxy.host} answers a POST with {status} " in str(caught.value)
    assert "is that the registry's own address?" in str(caught.value)


# --- logins that end half-way ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, MEBIBYTE, None])
def test_a_401_half_way_is_answered_by_a_login(
    token_registry: RunningRegistry, repository: str, after: int | None
) -> None:
    with faults(token_registry, Unauthorized("PUT", UPLOADS, after=after)) as proxy:
        put(proxy.front, repository, LARGE)
        used = [one.headers["authorization"] for one in proxy.requests("PUT")]
        assert used[0] != used[1]
    assert len(token_registry.layers(repository)) == 1


def test_a_password_that_changes_half_way(password_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(password_registry, Unauthorized("PUT", UPLOADS, after=0)) as proxy,
        pytest.raises(DeniedError, match='does not take the login of user "pusher"'),
    ):
        put(proxy.front, repository, LARGE)


def test_tokens_that_expire_between_the_pieces(token_registry: RunningRegistry, repository: str) -> None:
    with faults(
        token_registry,
        BodyLimit("", UPLOADS, limit=MEBIBYTE),
        *(Unauthorized("PATCH", UPLOADS, nth=number) for number in (4, 6, 8)),
        all_happen=False,
    ) as proxy:
        put(proxy.front, repository, LARGE)
        assert len([one for one in proxy.requests("PATCH") if one.status == 401]) == 3
    assert len(token_registry.layers(repository)) == 1


def test_a_token_that_really_expires_half_way(token_registry: RunningRegistry, repository: str) -> None:
    tokens = token_registry.tokens
    with tokens.behaving(lifetime=1, says=300):
        stall = Stall("PUT", UPLOADS, until=tokens.wait_until_expired)
        with faults(token_registry, stall) as proxy:
            put(proxy.front, repository, LARGE)
            assert 401 in [one.status for one in proxy.requests("PUT")]
    assert len(token_registry.layers(repository)) == 1


def test_a_401_without_an_end(token_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(token_registry, Unauthorized("PUT", UPLOADS, times=ALWAYS)) as proxy,
        pytest.raises(DeniedError) as caught,
    ):
        put(proxy.front, repository, LARGE)
    assert "401 Unauthorized (authentication required); the login is user" in str(caught.value)
    assert proxy.count("PUT", UPLOADS) == 3


def test_a_401_that_asks_for_nothing(token_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(token_registry, Unauthorized("PUT", UPLOADS, challenge=False)) as proxy,
        pytest.raises(DeniedError),
    ):
        put(proxy.front, repository, LARGE)
    assert proxy.count("PUT", UPLOADS) == 1
