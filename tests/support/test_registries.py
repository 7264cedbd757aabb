"""Each registry protects itself as its fixture says, by the word of curl and skopeo."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.registries import PASSWORD, READER, USERNAME
from tests.support.running_registry import RunningRegistry
from vddkctl.demo.base import find_busybox, make_base

PUSHER = f"{USERNAME}:{PASSWORD}"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


def status(url: str, *words: str | Path) -> str:
    """The status that curl gets; ``000`` is none."""
    return run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *words, url).stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    busybox, root = find_busybox(), tmp_path_factory.mktemp("image")
    assert busybox
    make_base(root / "base", "1", busybox)
    return f"oci:{root}/base:1"


def test_a_plain_registry_takes_an_image_from_anyone(
    plain_registry: RunningRegistry, repository: str, image: str
) -> None:
    name = f"docker://{plain_registry.host}/{repository}:1"
    assert run("skopeo", "copy", "--dest-tls-verify=false", image, name).returncode == 0
    seen = json.loads(run("skopeo", "inspect", "--tls-verify=false", name).stdout)
    assert plain_registry.tags(repository) == {"1": seen["Digest"]}
    assert plain_registry.manifests(repository) == {seen["Digest"]}
    assert set(seen["Layers"]) < plain_registry.layers(repository)
    assert plain_registry.blob(seen["Digest"]).stat().st_size > 100
    assert len(plain_registry.requests("PUT", f"/{repository}/manifests/1$")) == 1


def test_a_registry_lies_when_its_storage_is_damaged(own_registry: RunningRegistry, image: str) -> None:
    name = f"docker://{own_registry.host}/damaged"
    run("skopeo", "copy", "--dest-tls-verify=false", image, f"{name}:1")
    digest = own_registry.tags("damaged")["1"]
    path = own_registry.blob(digest)
    path.write_bytes(path.read_bytes() + b" ")
    assert "digest" in run("skopeo", "inspect", "--tls-verify=false", f"{name}@{digest}").stderr


def test_basic_auth_takes_the_one_user(password_registry: RunningRegistry) -> None:
    url = f"{password_registry.url}/v2/"
    assert (status(url), status(url, "-u", "pusher:wrong"), status(url, "-u", PUSHER)) == (
        "401",
        "401",
        "200",
    )
    assert status(url, "-H", f"Authorization: {password_registry.basic}") == "200"


def test_tls_is_trusted_by_its_authority_alone(tls_registry: RunningRegistry) -> None:
    assert tls_registry.ca
    url = f"{tls_registry.url}/v2/"
    assert (status(url), status(url, "--cacert", tls_registry.ca)) == ("000", "200")
    localhost = url.replace("127.0.0.1", "localhost")
    assert status(localhost, "--cacert", tls_registry.ca) == "200"


def test_mutual_tls_wants_a_client_certificate(mutual_tls_registry: RunningRegistry) -> None:
    assert mutual_tls_registry.ca
    assert mutual_tls_registry.client
    url, trust = f"{mutual_tls_registry.url}/v2/", ("--cacert", mutual_tls_registry.ca)
    client = ("--cert", mutual_tls_registry.client.certificate, "--key", mutual_tls_registry.client.key)
    assert (status(url, *trust), status(url, *trust, *client)) == ("000", "200")


def test_skopeo_pushes_with_a_token(token_registry: RunningRegistry, repository: str, image: str) -> None:
    name = f"docker://{token_registry.host}/{repository}:1"
    words = ("skopeo", "copy", "--dest-tls-verify=false", image, name)
    assert "denied" in run(*words).stderr
    assert "denied" in run(*words, "--dest-creds", f"{READER}:{PASSWORD}").stderr
    assert "unauthorized" in run(*words, "--dest-creds", f"{USERNAME}:wrong").stderr.lower()
    assert token_registry.tags(repository) == {}
    assert run(*words, "--dest-creds", PUSHER).returncode == 0
    assert list(token_registry.tags(repository)) == ["1"]
    assert {issued.grant for issued in token_registry.tokens.issued} == {"anonymous", "basic"}


def test_anyone_pulls_what_the_issuer_calls_public(
    token_registry: RunningRegistry, repository: str, image: str
) -> None:
    name = f"docker://{token_registry.host}/{repository}:1"
    run("skopeo", "copy", "--dest-tls-verify=false", "--dest-creds", PUSHER, image, name)
    words = ("skopeo", "inspect", "--tls-verify=false", name)
    assert run(*words).returncode == 1
    with token_registry.tokens.behaving(public=(repository,)):
        assert run(*words).returncode == 0
    assert token_registry.tokens.issued[-1].granted == (f"repository:{repository}:pull",)


def token(registry: RunningRegistry, repository: str) -> str:
    scope = f"repository:{repository}:pull"
    query = f"{registry.tokens.realm}?service=registry.tests&scope={scope}"
    return str(json.loads(run("curl", "-s", "-u", PUSHER, query).stdout)["token"])


def test_a_token_ends_with_its_lifetime(token_registry: RunningRegistry, repository: str) -> None:
    def seen(given: str) -> str:
        url = f"{token_registry.url}/v2/{repository}/tags/list"
        return status(url, "-H", f"Authorization: Bearer {given}")

    with token_registry.tokens.behaving(lifetime=0):
        assert seen(token(token_registry, repository)) == "401"
    assert seen(token(token_registry, repository)) == "404"  # let in; there is no such repository yet
    with token_registry.tokens.behaving(lifetime=1):
        given = token(token_registry, repository)
        token_registry.tokens.wait_until_expired()
        assert seen(given) == "401"
    assert token_registry.tokens.count(f"repository:{repository}:pull") == 3


def test_the_issuer_speaks_oauth2(token_registry: RunningRegistry, repository: str) -> None:
    def post(**form: str) -> dict[str, str]:
        words = [word for name, value in form.items() for word in ("--data-urlencode", f"{name}={value}")]
        answer: dict[str, str] = json.loads(run("curl", "-s", *words, token_registry.tokens.realm).stdout)
        return answer

    scope = f"repository:{repository}:pull,push"
    asked = {"service": "registry.tests", "client_id": "tests", "scope": scope}
    first = post(grant_type="password", username=USERNAME, password=PASSWORD, access_type="offline", **asked)
    second = post(grant_type="refresh_token", refresh_token=first["refresh_token"], **asked)
    url = f"{token_registry.url}/v2/{repository}/tags/list"
    assert status(url, "-H", f"Authorization: Bearer {second['access_token']}") == "404"
    assert [issued.grant for issued in token_registry.tokens.issued] == ["password", "refresh_token"]
    with token_registry.tokens.behaving(oauth2=False):
        assert status(token_registry.tokens.realm, "-d", "grant_type=password") == "405"
    with token_registry.tokens.behaving(failures=(503, 429)):
        assert [status(token_registry.tokens.realm) for _ in range(3)] == ["503", "429", "200"]
