"""What containers of pods write, as the API server gets it from the nodes that run them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from msgspec import Struct

from vddkctl.cluster.live.api import Api, authorize
from vddkctl.cluster.live.pods import PODS
from vddkctl.cluster.live.refusal import RefusedError, unreachable

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_PIECE = 8192


class LogSpan(Struct, frozen=True):
    """Which part of a log: ``since`` in seconds, ``tail`` in lines from its end.

    ``follow``: until the container ends.
    """

    follow: bool = False
    since: int | None = None
    tail: int | None = None


def read(api: Api, namespace: str, pod: str, container: str, span: LogSpan) -> Iterator[bytes]:
    """A log's bytes as they come. Raises RefusedError and ClusterError, also where it breaks off."""
    from urllib3.exceptions import HTTPError

    query: dict[str, str] = {"container": container}
    if span.follow:
        query["follow"] = "true"
    if span.since is not None:
        query["sinceSeconds"] = str(span.since)
    if span.tail is not None:
        query["tailLines"] = str(span.tail)
    answer = _opened(api, f"{PODS.path(namespace, pod)}/log", query, follow=span.follow)
    try:
        yield from answer.stream(_PIECE)
    except HTTPError as error:
        raise unreachable(error, api.place, api.connection.client.configuration.host) from None
    finally:
        answer.release_conn()


def _opened(api: Api, path: str, query: Mapping[str, str], *, follow: bool) -> BaseHTTPResponse:
    from urllib3 import Timeout
    from urllib3.exceptions import HTTPError

    client = api.connection.client
    headers: dict[str, Any] = {"Accept": "*/*", "User-Agent": "vddkctl", **api.headers}
    authorize(client, headers, path, "GET")
    try:
        answer: BaseHTTPResponse = api.connection.pool.urlopen(
            "GET",
            api.connection.url(f"{path}?{urlencode(query)}"),
            headers=headers,
            timeout=Timeout(connect=api.timeout, read=None if follow else api.timeout),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
    except HTTPError as error:
        raise unreachable(error, api.place, client.configuration.host) from None
    if answer.status >= 300:
        raise RefusedError.of(answer.status, answer.read(), "GET", path, api.place)
    return answer
