"""The lock in a live cluster: a Lease that its holder renews, and that expires when the holder is gone."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import LEASES
from vddkctl.cluster.live.raw import Metadata
from vddkctl.cluster.live.record import name_of
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterError, LockedError

SECONDS = 60
"""How long a lease is good for without being renewed."""
_RENEWAL = SECONDS / 4
_UNKNOWN = "unknown"


class LeaseSpec(Struct, frozen=True, rename="camel"):
    """Who holds it, and since when."""

    holder_identity: str = ""
    lease_duration_seconds: int = SECONDS
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int = 0


class Lease(Struct, frozen=True):
    """A Lease."""

    metadata: Metadata
    spec: LeaseSpec = field(default_factory=LeaseSpec)


@contextmanager
def leased(api: Api, namespace: str, site: str, holder: str) -> Iterator[None]:
    """Hold a site's lease while the block runs.

    Raises LockedError, naming the holder, while another run holds it; one that has expired is taken over.
    """
    mine = f"{holder} [{_this_place()}-{os.getpid()}-{uuid.uuid4().hex[:8]}]"
    path = LEASES.path(namespace, name_of(site))
    _take(api, namespace, site, mine)
    ended = threading.Event()
    renewer = threading.Thread(target=_renew, args=(api, path, mine, ended), daemon=True)
    renewer.start()
    try:
        yield
    finally:
        ended.set()
        renewer.join(5)
        with suppress(ClusterError):  # it expires then
            _give_back(api, path, mine)


def _take(api: Api, namespace: str, site: str, mine: str) -> None:
    path = LEASES.path(namespace, name_of(site))
    for _ in range(3):  # somebody else may be faster by a moment
        try:
            found = api.get(path, of=Lease)
        except RefusedError as failure:
            if failure.code != 404:
                raise
            if _sent(api, "POST", LEASES.path(namespace), _lease(name_of(site), mine, "", 0)):
                return
            continue
        if found.spec.holder_identity == mine:  # it was taken, and only the answer was lost
            return
        if not _is_free(found.spec):
            break
        body = _lease(name_of(site), mine, found.metadata.resource_version, found.spec.lease_transitions + 1)
        if _sent(api, "PUT", path, body):
            return
    held = api.get(path, of=Lease).spec
    who = held.holder_identity.rpartition(" [")[0] or held.holder_identity or "another run"
    raise LockedError(
        f"another run is at work on this site: {who}",
        where=f"lease {namespace}/{name_of(site)}",
        hint=_advice(namespace, site, held),
    )


def _advice(namespace: str, site: str, held: LeaseSpec) -> str:
    if held.renew_time and datetime.fromisoformat(held.renew_time) > datetime.now(UTC) + timedelta(
        seconds=SECONDS
    ):
        return (
            f"it is dated {held.renew_time}, in the future: a clock is wrong; "
            f"should that run be gone: kubectl -n {namespace} delete lease {name_of(site)}"
        )
    return f"wait for it; should it be gone, its lease expires {SECONDS} s after {held.renew_time}"


def _sent(api: Api, method: str, path: str, body: dict[str, Any]) -> bool:
    try:
        api.send(method, path, {"fieldManager": "vddkctl"}, body)
    except RefusedError as failure:
        if failure.code != 409:
            raise
        return False
    return True


def _lease(name: str, holder: str, version: str, transitions: int) -> dict[str, Any]:
    now = _now()
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": name, **({"resourceVersion": version} if version else {})},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": SECONDS,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        },
    }


def _renew(api: Api, path: str, mine: str, ended: threading.Event) -> None:
    while not ended.wait(_RENEWAL):
        with suppress(ClusterError):
            _patch(api, path, mine, {"renewTime": _now()})


def _give_back(api: Api, path: str, mine: str) -> None:
    _patch(api, path, mine, {"holderIdentity": "", "leaseDurationSeconds": 1})


def _patch(api: Api, path: str, mine: str, spec: dict[str, Any]) -> None:
    from vddkctl.cluster.live.api import JSON_PATCH

    test = {"op": "test", "path": "/spec/holderIdentity", "value": mine}
    changes = [{"op": "replace", "path": f"/spec/{key}", "value": value} for key, value in spec.items()]
    api.send("PATCH", path, None, [test, *changes], JSON_PATCH)


def _expired(spec: LeaseSpec) -> bool:
    if not spec.renew_time:
        return True
    renewed = datetime.fromisoformat(spec.renew_time)
    return datetime.now(UTC) > renewed + timedelta(seconds=spec.lease_duration_seconds)


def _is_free(spec: LeaseSpec) -> bool:
    return not spec.holder_identity or _expired(spec) or _dead(spec.holder_identity)


def _dead(holder: str) -> bool:
    """Whether the holder was a process on this very machine, and is no more: it was killed."""
    place, _, rest = holder.rpartition(" [")[2].partition("-")
    number = rest.partition("-")[0]
    return (
        place not in ("", "unknown")
        and place == _this_place()
        and number.isdigit()
        and not Path("/proc", number).exists()
    )


def _this_place() -> str:
    """Where process numbers mean what they mean to us: this start of this machine, and this container of it."""
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text()
        return sha256((start + os.readlink("/proc/self/ns/pid")).encode()).hexdigest()[:8]  # noqa: PTH115
    except OSError:
        return _UNKNOWN


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
