"""One message to a webhook: signed, tried again for a while, and its address kept to ourselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from concurrent.futures import TimeoutError as Late
from urllib.parse import unquote, urlsplit, urlunsplit

from msgspec import Struct

from vddkctl.errors import UsageError, VddkctlError
from vddkctl.progress import Progress
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.answer import WORDS, Answer
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.patience import Patience, pause
from vddkctl.registry.http.wire import Wire
from vddkctl.threads import start

SECRET = "VDDKCTL_NOTIFY_SECRET"  # noqa: S105 - where it is, not what it is
TIMEOUT = "VDDKCTL_NOTIFY_TIMEOUT"
_TIMEOUT = 10.0
"""Seconds for one attempt, from the first byte to the last one of the answer."""
_PATIENCE = Patience(attempts=4, most=30.0)
_ONCE, _HURRY = Patience(attempts=1), 3.0
"""Of a run that was told to end: who told it may not wait long."""


class Webhook(Struct, frozen=True):
    """Where to post. ``address`` is without user and password, which are in ``login`` (``user:password``)."""

    address: str
    login: str = ""

    def __repr__(self) -> str:
        """As it may be shown."""
        return f"Webhook({self.shown!r})"

    @property
    def shown(self) -> str:
        """``https://hooks.example.com/…``: with many services, the path is the password."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}{'/…' if parts.path.strip('/') or parts.query else ''}"


def webhook_at(url: str) -> Webhook:
    """The webhook of a URL. Raises UsageError, which does not repeat it, for one that is none."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and url.isprintable()
    except ValueError:
        known = False
    if not known or " " in url:
        raise UsageError(
            "--notify needs the URL of a webhook", hint="such as https://hooks.example.com/vddkctl"
        )
    login, _, place = parts.netloc.rpartition("@")
    address = urlunsplit((parts.scheme, place, parts.path or "/", parts.query, ""))
    return Webhook(address, unquote(login))


def post(
    webhook: Webhook,
    body: bytes,
    headers: Mapping[str, str],
    environment: Mapping[str, str],
    progress: Progress,
    *,
    hurried: bool = False,
) -> None:
    """Post JSON. Raises VddkctlError when it is not taken, also after some attempts; ``hurried`` is one short one.

    ``environment`` has the secret it is signed with, if any, the time an attempt may take, and proxies.
    """
    seconds = min(timeout_of(environment), _HURRY) if hurried else timeout_of(environment)
    patience = _ONCE if hurried else _PATIENCE
    host = urlsplit(webhook.address).netloc
    wire = Wire(Access(host, environment=environment), (seconds, seconds))
    whole = {"Content-Type": "application/json", **headers, **_proof(webhook, body, environment)}

    def send() -> Answer:
        # A thread of its own, since a server that drips one byte at a time is never silent.
        sending = start(lambda: wire.send("POST", webhook.address, whole, body).load(WORDS))
        try:
            return sending.result(seconds)
        except Late:
            raise Fault("it does not answer in time", nobody=True) from None

    try:
        answer = patience.persist(send, lambda wait, why: pause(wait, f"{webhook.shown}: {why}", progress))
    except Fault as fault:
        raise _failed(webhook, fault.what) from None
    if not answer.done:
        from vddkctl.registry.http.refusal import name_of
        from vddkctl.registry.http.words import said

        words = said(answer.content)
        raise _failed(webhook, f"it answers {name_of(answer.status)}{f': {words}' if words else ''}")


def timeout_of(environment: Mapping[str, str]) -> float:
    """Seconds that an attempt may take. Raises VddkctlError for what is no number of them."""
    text = environment.get(TIMEOUT) or str(_TIMEOUT)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 600:
        raise VddkctlError("it is not a number of seconds", where=f"{TIMEOUT}={text}", hint="as in 10")
    return seconds


def signature(body: bytes, secret: str) -> str:
    """``sha256=…``: the HMAC of the very bytes that are sent, by which the receiver knows who sent them."""
    return f"sha256={hmac.new(secret.encode(errors='surrogateescape'), body, hashlib.sha256).hexdigest()}"


def _proof(webhook: Webhook, body: bytes, environment: Mapping[str, str]) -> dict[str, str]:
    headers = {}
    secret = environment.get(SECRET)
    if secret:
        headers["X-Vddkctl-Signature"] = signature(body, secret)
    if webhook.login:
        headers["Authorization"] = f"Basic {base64.b64encode(webhook.login.encode()).decode()}"
    return headers


def _failed(webhook: Webhook, what: str) -> VddkctlError:
    return VddkctlError(f"the notification was not delivered: {what}", where=webhook.shown)
