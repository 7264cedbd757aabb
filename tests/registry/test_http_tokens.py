"""Bearer tokens of a real issuer: how often they are fetched, and what happens when it is in trouble."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from tests.registry.clients import blob_of, client, image_of, login_of, noise, reference_in
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, Answer, Redirect, Stall
from tests.support.lies import AnswerHeaders
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import DeniedError, RegistryError, UnreachableError
from vddkctl.progress import Silent
from vddkctl.registry.http.login import Login
from vddkctl.registry.push import push

WRONG = Login("pusher", "wr0ng-secret", source="~/.docker/config.json")
ASKS = "WWW-Authenticate"


def resolve(
    place: RunningRegistry, repository: str, login: Login | None = None, *, anonymous: bool = False
) -> None:
    client(place, login, anonymous=anonymous).resolve(reference_in(place, repository))


def test_many_requests_at_once_fetch_one_token(token_registry: RunningRegistry, repository: str) -> None:
    together = threading.Barrier(8)
    with faults(token_registry, Stall("HEAD", "", times=8, until=lambda: together.wait(20))) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: registry.resolve(reference), range(8)))
        assert [one.status for one in proxy.requests()][:8] == [401] * 8
    assert token_registry.tokens.count() == 1


def test_a_push_needs_two_tokens(token_registry: RunningRegistry, repository: str) -> None:
    """One to look, one to write."""
    image = image_of(*(noise(1000) for _ in range(5)))
    push(client(token_registry), reference_in(token_registry, repository), image, Silent())
    assert sorted(one.asked for one in token_registry.tokens.issued) == [
        (f"repository:{repository}:pull",),
        (f"repository:{repository}:pull,push",),
    ]
    assert {one.grant for one in token_registry.tokens.issued} == {"basic"}


@pytest.mark.parametrize("says", [0, -1, 1])
def test_a_token_is_used_as_long_as_it_is_good(
    token_registry: RunningRegistry, repository: str, says: int
) -> None:
    """0 is no answer, and none means a minute; after a second it is fetched again without a 401."""
    with token_registry.tokens.behaving(lifetime=1, says=says), faults(token_registry) as proxy:
        registry, reference = client(proxy.front), reference_in(proxy.front, repository)
        registry.resolve(reference)
        registry.resolve(reference)
        assert token_registry.tokens.count() == 1
        token_registry.tokens.wait_until_expired()
        registry.resolve(reference)
        refused = [one.status for one in proxy.requests()].count(401)
        assert refused == (1 if says == 1 else 2)
        assert token_registry.tokens.count() == 2


def test_a_token_that_is_refused_from_the_start(token_registry: RunningRegistry, repository: str) -> None:
    with token_registry.tokens.behaving(lifetime=0, says=300), faults(token_registry) as proxy:
        with pytest.raises(
            DeniedError,
            match=r'401 Unauthorized.*; the login is user "pusher" \(the tests\)\n  ask for the right',
        ):
            resolve(proxy.front, repository)
        assert proxy.count() == 2


def test_a_token_of_another_name(token_registry: RunningRegistry, repository: str) -> None:
    with token_registry.tokens.behaving(keys=("access_token",)):
        resolve(token_registry, repository)


def test_an_anonymous_token(token_registry: RunningRegistry, repository: str) -> None:
    image, reference = image_of(b"x"), reference_in(token_registry, repository)
    push(client(token_registry), reference, image, Silent())
    token_registry.tokens.reset()
    with token_registry.tokens.behaving(public=(repository,)):
        anyone = client(token_registry, anonymous=True)
        assert anyone.resolve(reference) is not None
        assert [one.grant for one in token_registry.tokens.issued] == ["anonymous"]
        with pytest.raises(DeniedError, match=r"cannot begin to upload sha256:.*; no login was used"):
            anyone.put_blob(reference, blob_of(b"y"), Silent())


def identity(token_registry: RunningRegistry) -> str:
    """A refresh token, as ``docker login`` would keep it."""
    form = {
        "grant_type": "password",
        "service": "registry.tests",
        "client_id": "tests",
        "access_type": "offline",
        "username": token_registry.username,
        "password": token_registry.password,
    }
    with urlopen(token_registry.tokens.realm, urlencode(form).encode()) as answer:
        return str(json.load(answer)["refresh_token"])


def test_an_identity_token(token_registry: RunningRegistry, repository: str) -> None:
    login = Login("", "", identity_token=identity(token_registry), source="~/.docker/config.json")
    token_registry.tokens._issued.clear()
    push(client(token_registry, login), reference_in(token_registry, repository), image_of(b"x"), Silent())
    assert {one.grant for one in token_registry.tokens.issued} == {"refresh_token"}


def test_an_identity_token_that_is_not_good(token_registry: RunningRegistry, repository: str) -> None:
    login = Login("", "", identity_token="n0t-good", source="~/.docker/config.json")
    with pytest.raises(
        DeniedError, match=r"does not take the login of the token \(~/\.docker/config\.json\): 401"
    ) as caught:
        resolve(token_registry, repository, login)
    assert "n0t-good" not in str(caught.value)


def test_a_registry_token_is_sent_as_it_is(token_registry: RunningRegistry, repository: str) -> None:
    resolve(token_registry, repository)
    token = token_registry.tokens.issued[0].token
    token_registry.tokens.reset()
    login = Login("", "", registry_token=token, source="~/.docker/config.json")
    resolve(token_registry, repository, login)
    assert token_registry.tokens.issued == []
    with pytest.raises(
        DeniedError, match=r"does not take the login of the token \(~/\.docker/config\.json\)"
    ) as caught:
        push(
            client(token_registry, login), reference_in(token_registry, repository), image_of(b"x"), Silent()
        )
    assert token not in str(caught.value)


def test_logins_of_two_repositories_are_kept_apart(token_registry: RunningRegistry, repository: str) -> None:
    """A robot of the same name for each, with a password of its own."""
    right = login_of(token_registry)
    registry = client(token_registry)
    registry._exchange._authorization._find = lambda host, path: right if path == repository else WRONG
    registry.resolve(reference_in(token_registry, repository))
    with pytest.raises(DeniedError):
        registry.resolve(reference_in(token_registry, f"{repository}-2"))
    registry.resolve(reference_in(token_registry, repository))


# --- the issuer in trouble ------------------------------------------------------------------------------------------


def test_an_issuer_that_is_busy_is_asked_again(token_registry: RunningRegistry, repository: str) -> None:
    with token_registry.tokens.behaving(failures=(503, 429, 500)):
        resolve(token_registry, repository)


def test_an_issuer_that_stays_out_of_order(token_registry: RunningRegistry, repository: str) -> None:
    tokens = token_registry.tokens
    with tokens.behaving(failures=(503,) * 10), pytest.raises(RegistryError) as caught:
        resolve(token_registry, repository)
    place = urlsplit(tokens.realm).netloc
    assert f"cannot read the tag 1: {place} gives no token: 503 Service Unavailable" in str(caught.value)
    assert not isinstance(caught.value, DeniedError)


def test_an_issuer_that_is_down(token_registry: RunningRegistry, repository: str) -> None:
    with faults(token_registry) as gone:
        pass
    script = AnswerHeaders("", "", changed={ASKS: f'Bearer realm="http://{gone.host}/token"'})
    with (
        faults(token_registry, script) as proxy,
        pytest.raises(
            UnreachableError, match=f"cannot read the tag 1: {gone.host}: the connection is refused"
        ),
    ):
        resolve(proxy.front, repository)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"token": ""}',
        b'{"token": 7}',
        b'{"token": "a\\r\\nX: y"}',
        b'{"token": "\xc3\xa9"}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_token(token_registry: RunningRegistry, repository: str, body: bytes) -> None:
    with faults(token_registry, Answer("GET", "/token", status=200, body=body)) as issuer:
        script = AnswerHeaders("", "", changed={ASKS: f'Bearer realm="{issuer.url}/token"'})
        with (
            faults(token_registry, script) as proxy,
            pytest.raises(RegistryError, match=f"the answer of {issuer.host} has no token"),
        ):
            resolve(proxy.front, repository)


def test_an_issuer_may_have_a_query(token_registry: RunningRegistry, repository: str) -> None:
    answer = Answer("GET", "/token", status=200, body=b'{"token": "x"}')
    with faults(token_registry, answer) as issuer:
        realm = f'Bearer realm="{issuer.url}/token?account=a",service="some service"'
        with (
            faults(token_registry, AnswerHeaders("", "", changed={ASKS: realm})) as proxy,
            pytest.raises(DeniedError),
        ):
            resolve(proxy.front, repository)
        asked = parse_qs(urlsplit(issuer.requests()[0].path).query)
    assert asked == {
        "account": ["a"],
        "service": ["some service"],
        "scope": [f"repository:{repository}:pull"],
    }


def test_an_issuer_that_sends_on(token_registry: RunningRegistry, repository: str) -> None:
    """On the same host with the login."""
    with faults(token_registry, Redirect("GET", "/token", to=origin_of(token_registry))) as issuer:
        challenge = AnswerHeaders(
            "", "", changed={ASKS: f'Bearer realm="{issuer.url}/token",service="registry.tests"'}
        )
        with faults(token_registry, challenge) as proxy:
            resolve(proxy.front, repository)
    assert [one.grant for one in token_registry.tokens.issued] == ["basic"]


def test_a_login_is_not_sent_on_to_another_host(token_registry: RunningRegistry, repository: str) -> None:
    answer = Answer("GET", "/token", status=200, body=b'{"token": "x"}')
    with faults(token_registry, answer) as other:
        elsewhere = Redirect("GET", "/token", to=other.url.replace("127.0.0.1", "localhost"), status=302)
        with faults(token_registry, elsewhere) as issuer:
            challenge = AnswerHeaders("", "", changed={ASKS: f'Bearer realm="{issuer.url}/token"'})
            with faults(token_registry, challenge) as proxy, pytest.raises(DeniedError):
                resolve(proxy.front, repository)
            assert "authorization" in issuer.requests()[0].headers
        assert "authorization" not in other.requests()[0].headers


def origin_of(place: RunningRegistry) -> str:
    return "http://" + urlsplit(place.tokens.realm).netloc


def test_a_password_does_not_leave_tls(tls_registry: RunningRegistry, repository: str) -> None:
    """A registry with TLS that sends its clients to an issuer without."""
    challenge = {ASKS: 'Bearer realm="http://issuer.example/token"'}
    login = Login("someone", "secret", source="x")
    with (
        faults(tls_registry, Answer("", "", status=401, headers=challenge, times=ALWAYS)) as proxy,
        pytest.raises(
            RegistryError, match=r"wants the login sent to issuer\.example without TLS, which is not done"
        ),
    ):
        resolve(proxy.front, repository, login)
