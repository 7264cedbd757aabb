"""Nothing secret is in any message: no password, no token, no signed address, whatever goes wrong and wherever."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Iterator

import pytest

from tests.registry.clients import client, image_of, reference_in
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import (
    ALWAYS,
    BLOBS,
    MANIFESTS,
    UPLOADS,
    Answer,
    Cut,
    Fault,
    Redirect,
    RetryLater,
    Unauthorized,
)
from tests.support.lies import AnswerHeaders, Location, WrongDigest
from tests.support.registries import PASSWORD, USERNAME
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import RegistryError
from vddkctl.progress import Silent
from vddkctl.registry.http.login import Login
from vddkctl.registry.push import push

SECRET = "s3cr3t-of-the-user"
IDENTITY = "1d3nt1ty-of-the-user"
BEARER = "b34r3r-of-the-user"
SIGNATURE = "X-Signature=s1gn4tur3"

LOGINS = {
    "a password": Login("pusher", SECRET, source="~/.docker/config.json"),
    "an identity token": Login("pusher", "", identity_token=IDENTITY, source="~/.docker/config.json"),
    "a token": Login("", "", registry_token=BEARER, source="~/.docker/config.json"),
    "the right one": Login(USERNAME, PASSWORD, source="~/.docker/config.json"),
    "none": None,
}


def echo(status: int) -> Callable[[str], list[Fault]]:
    """A server that says again all that it heard."""

    def script(url: str) -> list[Fault]:
        basic = base64.b64encode(f"pusher:{SECRET}".encode()).decode()
        said = f"denied: Authorization: Basic {basic}, Bearer {BEARER}, {url}/x?{SIGNATURE} http://pusher:{SECRET}@h.io/"
        body = f'{{"errors": [{{"code": "DENIED", "message": "{said}"}}]}}'.encode()
        return [Answer("", "", status=status, body=body, times=ALWAYS)]

    return script


SCRIPTS: dict[str, Callable[[str], list[Fault]]] = {
    "as it is": lambda url: [],
    "cut": lambda url: [Cut("", "", times=ALWAYS)],
    "cut half-way": lambda url: [
        Cut("P", UPLOADS, after=10, times=ALWAYS),
        Cut("PUT", "", after=10, times=ALWAYS),
    ],
    "says all again, 403": echo(403),
    "says all again, 400": echo(400),
    "says all again, 500": echo(500),
    "says all again, 404": echo(404),
    "asks for too long a wait": lambda url: [RetryLater("", "", seconds=9999, times=ALWAYS)],
    "redirects without an end": lambda url: [Redirect("", "", query=SIGNATURE, times=ALWAYS)],
    "redirects to nobody": lambda url: [
        Redirect("", "", to=f"http://pusher:{SECRET}@127.0.0.1:1", query=SIGNATURE, times=ALWAYS)
    ],
    "redirects to no address": lambda url: [
        Redirect("", "", to=f"ftp://pusher:{SECRET}@h.io", query=SIGNATURE, times=ALWAYS)
    ],
    "sends uploads to nobody": lambda url: [
        Location("", UPLOADS, style="absolute", host="127.0.0.1:1", query=SIGNATURE)
    ],
    "names an issuer that is down": lambda url: [
        AnswerHeaders(
            "",
            "",
            changed={"WWW-Authenticate": f'Bearer realm="http://pusher:{SECRET}@127.0.0.1:1/t?{SIGNATURE}"'},
            times=ALWAYS,
        )
    ],
    "names no issuer": lambda url: [
        AnswerHeaders(
            "", "", changed={"WWW-Authenticate": f'Bearer realm="ftp://h.io/t?{SIGNATURE}"'}, times=ALWAYS
        )
    ],
    "wants another login half-way": lambda url: [Unauthorized("PUT", "", times=ALWAYS)],
    "wrong digests": lambda url: [WrongDigest("", MANIFESTS, times=ALWAYS)],
    "blobs that are not there": lambda url: [Answer("HEAD", BLOBS, status=404, times=ALWAYS)],
}


@pytest.fixture(params=["password_registry", "token_registry"])
def place(request: pytest.FixtureRequest) -> RunningRegistry:
    found: RunningRegistry = request.getfixturevalue(request.param)
    return found


def messages(proxy: FaultProxy, repository: str, login: Login | None) -> Iterator[str]:
    """What is said by each thing that can be asked for, as it is shown and as a traceback would have it."""
    reference, image = (
        reference_in(proxy.front, repository),
        image_of(),
    )  # one blob: nothing goes on elsewhere
    registry = client(proxy.front, login, anonymous=login is None)
    asked: list[Callable[[], object]] = [
        lambda: registry.resolve(reference),
        lambda: registry.manifest(reference, image.descriptor.digest),
        lambda: registry.tags(reference),
        lambda: registry.readable(reference),
        lambda: registry.open_blob(reference, image.blobs[0].descriptor).read(),
        lambda: registry.has_blob(reference, image.blobs[0].descriptor),
        lambda: registry.put_blob(reference, image.blobs[0], Silent()),
        lambda: registry.put_manifest(reference, image.descriptor, image.manifest),
        lambda: push(registry, reference, image, Silent()),
    ]
    for ask in asked:
        try:
            ask()
        except RegistryError as error:
            yield str(error)
            yield "".join(traceback.format_exception(error, chain=True)[-1:])
            yield repr(error)


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_secret_is_said(place: RunningRegistry, repository: str, script: str) -> None:
    basic = base64.b64encode(f"pusher:{SECRET}".encode()).decode()
    secrets = [SECRET, IDENTITY, BEARER, "s1gn4tur3", basic, place.password, "_state="]
    with faults(place, *SCRIPTS[script](place.url), all_happen=False) as proxy:
        said = [message for login in LOGINS.values() for message in messages(proxy, repository, login)]
    assert said
    for message in said:
        assert not [secret for secret in secrets if secret in message], message


def test_a_login_shows_no_secret_of_its_own() -> None:
    for login in LOGINS.values():
        if login:
            assert not [
                secret for secret in (SECRET, IDENTITY, BEARER) if secret in repr(login) + login.shown
            ]
