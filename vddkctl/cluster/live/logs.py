"""What containers of pods write, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from vddkctl.cluster.live.api import Api, authorize
from vddkctl.cluster.live.pods import PODS
from vddkctl.cluster.live.refusal import RefusedError, unreachable

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse


class Source(Struct, frozen=True):
    """One container of a pod."""

    namespace: str
    pod: str
    container: str

    def __str__(self) -> str:
        """``pod/container``, as kubectl's prefix has it."""
        return f"{self.pod}/{self.container}"


def lines(api: Api, source: Source, *, follow: bool, since: int | None, tail: int | None) -> Iterator[str]:
    """Its lines, without line breaks; with ``follow`` until the container ends.

    ``since`` is seconds, ``tail`` lines from the end. Raises RefusedError and ClusterError.
    """
    query: dict[str, str] = {"container": source.container}
    if follow:
        query["follow"] = "true"
    if since is not None:
        query["sinceSeconds"] = str(since)
    if tail is not None:
        query["tailLines"] = str(tail)
    answer = _opened(api, f"{PODS.path(source.namespace, source.pod)}/log", query, follow=follow)
    try:
        left = b""
        for piece in answer.stream(8192):
            *whole, left = (left + piece).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
        if left:
            yield left.decode("utf-8", "replace")
    finally:
        answer.release_conn()


def _opened(api: Api, path: str, query: Mapping[str, str], *, follow: bool) -> BaseHTTPResponse:
    from urllib3 import Timeout
    from urllib3.exceptions import HTTPError

    client = api.connection.client
    headers: dict[str, Any] = {"Accept": "*/*", "User-Agent": "vddkctl", **api.headers}
    authorize(client, headers, path, "GET")
    host = client.configuration.host
    url = urlsplit(host).path.rstrip("/") + path + f"?{urlencode(query)}"
    try:
        answer: BaseHTTPResponse = client.rest_client.pool_manager.connection_from_url(host).urlopen(
            "GET",
            url,
            headers=headers,
            timeout=Timeout(connect=api.timeout, read=None if follow else api.timeout),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
    except HTTPError as error:
        raise unreachable(error, api.place, host) from None
    if answer.status >= 300:
        raise RefusedError.of(answer.status, answer.read(), "GET", path, api.place)
    return answer
