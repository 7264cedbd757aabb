"""Registries with ways of their own: what is optional may fail, and numbers may be anything."""

from __future__ import annotations

import pytest

from tests.registry.clients import MEBIBYTE, blob_of, client, noise, put, reference_in
from tests.registry.test_http_strange_servers import ok, server
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, UPLOADS, Answer, Cut
from tests.support.lies import AnswerHeaders
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Silent
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.http.issuer import TokenRequest
from vddkctl.registry.http.tokens import _Token, _token_in
from vddkctl.registry.http.words import said

INVALID = b'{"errors": [{"code": "BLOB_UPLOAD_INVALID"}]}'


def test_a_wrong_place_to_go_on_from_begins_anew(plain_registry: RunningRegistry, repository: str) -> None:
    script = (
        Cut("PUT", UPLOADS, after=3_000_000, resumable=True),
        Answer("PATCH", UPLOADS, status=416),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy.front, repository, noise(6 * MEBIBYTE))
        assert proxy.count("POST") == 2


def test_an_upload_that_is_called_wrong_is_sent_once_more(
    plain_registry: RunningRegistry, repository: str
) -> None:
    with faults(plain_registry, Answer("PUT", UPLOADS, status=400, body=INVALID)) as proxy:
        put(proxy.front, repository, noise(1000))
        assert proxy.count("POST") == 2
    with faults(plain_registry, Answer("PUT", UPLOADS, status=400, body=INVALID, times=2)) as proxy:
        with pytest.raises(RegistryError, match="the registry got other bytes"):
            put(proxy.front, repository, noise(1000))
        assert proxy.count("POST") == 2


def test_a_mount_that_fails_is_an_upload(plain_registry: RunningRegistry, repository: str) -> None:
    content = noise(1000)
    put(plain_registry, f"{repository}-2", content)
    with faults(plain_registry, Answer("POST", "mount=", status=503, times=ALWAYS)) as proxy:
        registry, source = client(proxy.front), reference_in(proxy.front, f"{repository}-2")
        descriptor = blob_of(content).descriptor
        blob = Blob(descriptor, RegistryBlob(registry, source, descriptor))
        registry.put_blob(reference_in(proxy.front, repository), blob, Silent())
    assert descriptor.digest in plain_registry.layers(repository)


@pytest.mark.parametrize("status", [403, 500])
def test_an_upload_whose_state_is_not_told_begins_anew(
    plain_registry: RunningRegistry, repository: str, status: int
) -> None:
    script = (
        Cut("PUT", UPLOADS, after=500_000, resumable=True),
        Answer("GET", UPLOADS, status=status, times=ALWAYS),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy.front, repository, noise(MEBIBYTE))
        assert proxy.count("POST") == 2


def test_a_length_of_nothing_tells_nothing() -> None:
    with server(ok()) as strange:
        assert strange.client().has_blob(strange.reference, blob_of(b"x").descriptor)


def test_numbers_without_an_end(plain_registry: RunningRegistry, repository: str) -> None:
    endless = "9" * 5000
    script = (
        AnswerHeaders("POST", UPLOADS, changed={"OCI-Chunk-Min-Length": endless}),
        Cut("PUT", UPLOADS, after=500_000, resumable=True),
        AnswerHeaders("GET", UPLOADS, changed={"Range": f"0-{endless}"}),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy.front, repository, noise(MEBIBYTE))
    assert _token_in(b'{"token": "x", "expires_in": %s}' % (b"9" * 400)) == ("x", 86_400.0)


@pytest.mark.parametrize(
    ("answer", "readable"),
    [
        (ok(b"<html>log in</html>"), None),
        (b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", None),
        (ok(b"[]"), None),
        (ok(b'{"tags": "1"}'), None),
        (ok(b'{"tags": null}'), True),
        (ok(b'{"tags": ["1"]}'), True),
    ],
)
def test_open_is_who_lists_tags(answer: bytes, readable: bool | None) -> None:
    with server(answer) as strange:
        assert strange.client().readable(strange.reference) is readable


def test_tokens_are_not_repeated() -> None:
    token = f"eyJhbGciOiJSUzI1NiJ9.{'aB3_' * 20}.{'x-9' * 20}"
    assert said(f"the token {token} is wrong".encode()) == "the token … is wrong"
    digest = f"sha256:{'a1' * 32}"
    assert said(f"no blob {digest}".encode()) == f"no blob {digest}"
    shown = repr(_Token("s3cret", 1.0)) + repr(
        TokenRequest("GET", "u", {"Authorization": "s3cret"}, b"s3cret")
    )
    assert "s3cret" not in shown
