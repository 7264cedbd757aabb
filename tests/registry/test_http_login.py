"""Logging in to real registries: who is sent where, and what is said when it does not work."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.registry.clients import client, reference_in
from tests.registry.login_files import Home, encoded
from tests.support.fault_proxy import faults
from tests.support.faults import MANIFESTS, Unauthorized
from tests.support.lies import AnswerHeaders
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import DeniedError, RegistryError
from vddkctl.progress import Silent
from vddkctl.registry.http.hosts import Hosts
from vddkctl.registry.http.login import Login

WRONG = Login("pusher", "wr0ng-secret", source="~/.docker/config.json")
ASKS = "WWW-Authenticate"


def resolve(
    place: RunningRegistry, repository: str, login: Login | None = None, *, anonymous: bool = False
) -> None:
    client(place, login, anonymous=anonymous).resolve(reference_in(place, repository))


# --- basic ----------------------------------------------------------------------------------------------------------


def test_nobody_logs_in_where_nobody_asks(plain_registry: RunningRegistry, repository: str) -> None:
    asked: list[str] = []
    with faults(plain_registry) as proxy:
        registry = client(proxy.front, Login("someone", "secret"))
        registry._exchange._authorization._find = lambda host, path: asked.append(path)
        registry.resolve(reference_in(proxy.front, repository))
        assert all("authorization" not in one.headers for one in proxy.requests())
    assert asked == []


def test_the_login_is_sent_once_it_is_asked_for(password_registry: RunningRegistry, repository: str) -> None:
    with faults(password_registry) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        for _ in range(2):
            registry.resolve(reference)
        assert [one.status for one in proxy.requests()] == [401, 404, 404]


@pytest.mark.parametrize("kind", ["password_registry", "token_registry"])
def test_a_wrong_password_is_told_and_not_shown(
    request: pytest.FixtureRequest, repository: str, kind: str
) -> None:
    place: RunningRegistry = request.getfixturevalue(kind)
    reference = reference_in(place, repository)
    with pytest.raises(DeniedError) as caught:
        resolve(place, repository, WRONG)
    said = {
        "password_registry": f'{place.host} does not take the login of user "pusher" (~/.docker/config.json)',
        "token_registry": f'{urlsplit(place.tokens.realm).netloc} does not take the login of user "pusher" (~/.docker/config.json): 401 Unauthorized'
        if place.issuer
        else "",
    }
    assert str(caught.value) == (
        f"{reference}: cannot read the tag 1: {said[kind]}\n"
        f"  log in with: podman login {place.host} (or docker login, skopeo login)"
    )


@pytest.mark.parametrize("kind", ["password_registry", "token_registry"])
def test_no_login_is_told(request: pytest.FixtureRequest, repository: str, kind: str) -> None:
    place: RunningRegistry = request.getfixturevalue(kind)
    with pytest.raises(
        DeniedError, match=f"cannot read the tag 1: .*\n  log in with: podman login {place.host}"
    ) as caught:
        resolve(place, repository, anonymous=True)
    said = "asks for a login, and there is none" if kind == "password_registry" else "no login was used"
    assert said in str(caught.value)


def test_a_login_that_was_taken_and_is_not_any_more(
    password_registry: RunningRegistry, repository: str
) -> None:
    with faults(password_registry, Unauthorized("HEAD", MANIFESTS, nth=3)) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        registry.resolve(reference)
        with pytest.raises(DeniedError, match="does not take the login"):
            registry.resolve(reference)


@pytest.mark.parametrize(
    ("challenge", "message"),
    [
        ("Negotiate", "asks for a login of a kind that is not known here"),
        ("", "401 Unauthorized; no login was used"),
        ('Bearer service="x"', "names no address that gives tokens"),
        ('Bearer realm="ftp://elsewhere/"', "names no address that gives tokens"),
        ('Bearer realm="/token"', "names no address that gives tokens"),
        ('Bearer realm="http://h:99999/"', "names no address that gives tokens"),
    ],
)
def test_a_challenge_that_nobody_can_meet(
    password_registry: RunningRegistry, repository: str, challenge: str, message: str
) -> None:
    changed = {ASKS: challenge or None}
    with (
        faults(password_registry, AnswerHeaders("", "", changed=changed)) as proxy,
        pytest.raises(RegistryError, match=f"cannot read the tag 1: .*{message}"),
    ):
        resolve(proxy.front, repository)


@pytest.mark.parametrize("offered", ['Basic realm="x", Negotiate', 'Negotiate, Basic realm="x"'])
def test_of_several_challenges_one_is_met(
    password_registry: RunningRegistry, repository: str, offered: str
) -> None:
    with faults(password_registry, AnswerHeaders("", "", changed={ASKS: offered})) as proxy:
        resolve(proxy.front, repository)


# --- from files -----------------------------------------------------------------------------------------------------


def test_the_login_comes_from_the_files(
    password_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    home, host = Home(tmp_path), password_registry.host
    reference = reference_in(password_registry, repository)
    login = {"auth": encoded(password_registry.username, password_registry.password)}
    home.write(home.docker, {"auths": {host: login}})
    hosts = Hosts({}, tmp_path.joinpath, home.environment, Silent())
    assert hosts.registry(host) is hosts.registry(host)
    assert hosts.registry(host).readable(reference) is None
    assert hosts.registry(host, anonymous=True).readable(reference) is False


def test_a_damaged_file_of_logins_is_read_only_when_it_is_needed(
    plain_registry: RunningRegistry, password_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    path = home.write(home.docker, "{")
    hosts = Hosts({}, tmp_path.joinpath, home.environment, Silent())
    hosts.registry(plain_registry.host).resolve(reference_in(plain_registry, repository))
    with pytest.raises(RegistryError, match=f"{path}:1:2: this is not JSON"):
        hosts.registry(password_registry.host).resolve(reference_in(password_registry, repository))
