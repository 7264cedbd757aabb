"""Listing tags: of a real registry, on many pages, and what is no list."""

from __future__ import annotations

import pytest

from tests.registry.clients import client, reference_in
from tests.registry.samples import base_image
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, Answer
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import RegistryError
from vddkctl.progress import Silent
from vddkctl.registry.push import push


def test_tags_on_many_pages(plain_registry: RunningRegistry, repository: str) -> None:
    def page(number: int, tags: str, following: str) -> Answer:
        body, link = (
            f'{{"tags": [{tags}]}}'.encode(),
            {"Link": f'<{following}>; rel="next"'} if following else {},
        )
        return Answer("GET", "/tags/list", nth=number, status=200, body=body, headers=link)

    listing = f"/v2/{repository}/tags/list"
    script = (
        page(1, '"9", "8"', f"{listing}?last=8&n=2"),
        # A proxy on the way, or the registry behind it, has another name for it.
        page(2, '"7", "10", 4', f"https://registry.internal:5000{listing}?last=7&n=2"),
        page(3, '"6"', ""),
    )
    with faults(plain_registry, *script) as proxy:
        assert client(proxy.front).tags(reference_in(proxy.front, repository)) == ("10", "6", "7", "8", "9")
        assert [one.path for one in proxy.requests()] == [
            f"{listing}?n=1000",
            f"{listing}?last=8&n=2",
            f"{listing}?last=7&n=2",
        ]


def test_tags_of_a_real_registry(plain_registry: RunningRegistry, repository: str) -> None:
    registry, image = client(plain_registry), base_image()
    for number in range(30):
        push(registry, reference_in(plain_registry, repository, f"v{number}"), image, Silent())
    reference = reference_in(plain_registry, repository)
    assert registry.tags(reference) == tuple(sorted(plain_registry.tags(repository)))


def test_pages_without_an_end(plain_registry: RunningRegistry, repository: str) -> None:
    page = {"Link": f'</v2/{repository}/tags/list?n=1000>; rel="next"'}
    script = Answer("GET", "/tags/list", status=200, body=b'{"tags": ["1"]}', headers=page, times=ALWAYS)
    with faults(plain_registry, script) as proxy:
        assert client(proxy.front).tags(reference_in(proxy.front, repository)) == ("1",)
        assert proxy.count() == 2


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"tags": 7}', b'{"tags": {"a": 1}}', b"[" * 100_000]
)
def test_tags_that_are_none(plain_registry: RunningRegistry, repository: str, body: bytes) -> None:
    with (
        faults(plain_registry, Answer("GET", "/tags/list", status=200, body=body)) as proxy,
        pytest.raises(RegistryError, match=r"cannot list the tags: the answer is no list of tags"),
    ):
        client(proxy.front).tags(reference_in(proxy.front, repository))


def test_a_repository_without_tags(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry, Answer("GET", "/tags/list", status=200, body=b'{"tags": null}')) as proxy:
        assert client(proxy.front).tags(reference_in(proxy.front, repository)) == ()
