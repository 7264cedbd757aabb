"""The lock in a live cluster: a Lease that its holder renews, and that expires when the holder is gone."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from vddkctl.cluster.live.api import JSON_PATCH, Api
from vddkctl.cluster.live.kinds import LEASES
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import Metadata
from vddkctl.cluster.live.record import name_of
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError, ClusterError, LockedError, LockLostError
from vddkctl.progress import Progress

APPLIED = "vddkctl.dev/applied"
"""Marks the lease of a site that has had a record: the lease outlives a record that is lost."""
SECONDS = 60
"""How long a lease is good for without being renewed."""
RENEWAL = 15.0
"""Seconds between two renewals."""
CERTAIN = 25.0
"""Seconds after a renewal in which a lease is known to be ours: a request that begins then has ended in time."""
_LOOK = 1.0
_NOT_FOUND, _CONFLICT = 404, 409
_MOVED = frozenset({_NOT_FOUND, _CONFLICT, 422})
"""What a server answers when a test of a JSON patch fails, or when there is nothing to patch."""
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


class Held:
    """A lease that this run takes. Safe to use from several threads."""

    def __init__(self, api: Api, path: str, place: str, mine: str, labels: Mapping[str, str]) -> None:
        self._api = api
        self.path = path
        self._place = place
        self._mine = mine
        self._labels = labels
        self._lock = threading.Lock()
        self._renewed = _clocks()
        self._lost = ""

    def check(self) -> None:
        """Make sure that it still is ours, before a write. Raises LockLostError, and ClusterError if it cannot be told.

        A run that was suspended, or could not reach the server for too long, finds out here.
        """
        with self._lock:
            if self._lost or _since(self._renewed) >= CERTAIN:
                self._renew()

    def renew(self) -> None:
        """Say that this run is alive. Raises as :meth:`check` does."""
        with self._lock:
            self._renew()

    def mark(self) -> None:
        """Say that the site has a record. Nothing depends on it while there is one, so that no failure is told."""
        with self._lock:
            if APPLIED not in self._labels:
                self._labels = {**self._labels, APPLIED: "true"}
                labels = {"op": "add", "path": "/metadata/labels", "value": self._labels}
                with suppress(ClusterError):
                    _patch(self._api, self.path, self._mine, {}, labels)

    def _renew(self) -> None:
        if not self._lost:
            now = _clocks()
            try:
                _patch(self._api, self.path, self._mine, {"renewTime": _now()})
            except RefusedError as refused:
                if refused.code not in _MOVED:
                    raise
                self._lost = _holder(_read(self._api, self.path))
            else:
                self._renewed = now
                return
        raise LockLostError(
            f"this run has lost its lock, and writes nothing more; it went to {self._lost}",
            where=self._place,
            hint="run again when that one has ended",
        )


@contextmanager
def leased(api: Api, namespace: str, site: str, holder: str, progress: Progress) -> Iterator[Held]:
    """Hold a site's lease while the block runs.

    Raises LockedError, naming the holder, while another run holds it. One that is not renewed any more is taken over.
    """
    mine = f"{holder} [{_this_place()}-{os.getpid()}-{uuid.uuid4().hex[:8]}]"
    place = f"lease {namespace}/{name_of(site)}"
    labels = _take(api, namespace, site, mine, progress)
    held = Held(api, LEASES.path(namespace, name_of(site)), place, mine, labels)
    ended = threading.Event()
    renewer = threading.Thread(target=_renew, args=(held, ended), daemon=True)
    renewer.start()
    try:
        yield held
    finally:
        ended.set()
        renewer.join(5)
        with suppress(ClusterError):  # it expires then
            _give_back(api, held.path, mine)


def _renew(held: Held, ended: threading.Event) -> None:
    while not ended.wait(RENEWAL):
        try:
            held.renew()
        except LockedError:
            return
        except ClusterError:  # there is time for another try
            continue


def applied_sites(api: Api, namespace: str) -> frozenset[str] | None:
    """The names of the leases of sites that have, or have had, a record; None where they may not be listed."""
    try:
        found = listed(api, LEASES, namespace, Lease, {"labelSelector": APPLIED})
        return frozenset(lease.metadata.name for lease in found)
    except ClusterDeniedError:
        return None


def _take(api: Api, namespace: str, site: str, mine: str, progress: Progress) -> dict[str, str]:
    """Take the lease, and say which labels it has."""
    name, path = name_of(site), LEASES.path(namespace, name_of(site))
    for _ in range(5):  # somebody else may be faster by a moment
        found = _read(api, path)
        if found is None:
            if _sent(api, "POST", LEASES.path(namespace), _lease(name, mine, None)):
                return {}
            continue
        if found.spec.holder_identity == mine:  # it was taken, and only the answer was lost
            return found.metadata.labels
        if not _is_free(found.spec) and (
            _is_recent(found.spec) or not _stands_still(api, path, found, progress)
        ):
            break
        if _sent(api, "PUT", path, _lease(name, mine, found)):
            return found.metadata.labels
    raise LockedError(
        f"another run is at work on this site: {_holder(_read(api, path))}",
        where=f"lease {namespace}/{name}",
        hint=f"wait for it; should it be gone, run again: what is not renewed for {SECONDS} s is taken over",
    )


def _read(api: Api, path: str) -> Lease | None:
    try:
        return api.get(path, of=Lease)
    except RefusedError as failure:
        if failure.code != _NOT_FOUND:
            raise
        return None


def _is_recent(spec: LeaseSpec) -> bool:
    """Whether it was renewed a moment ago, by the clocks of both: reason enough to leave it, and none to take it."""
    try:
        renewed = datetime.fromisoformat(spec.renew_time or "")
        age = (datetime.now(UTC) - renewed).total_seconds()
    except (ValueError, TypeError):
        return False
    return abs(age) < spec.lease_duration_seconds


def _stands_still(api: Api, path: str, found: Lease, progress: Progress) -> bool:
    """Watch a lease for as long as it is good: whether nobody renews it.

    Clocks of two machines may differ by any amount, so that what a lease says proves nothing. As in client-go's leader
    election, time counts from when we have seen it change last.
    """
    last, began = found.spec, time.monotonic()
    with progress.task(f"watch the lock of {_holder(found)}", None, "seconds") as task:
        while (waited := time.monotonic() - began) < last.lease_duration_seconds:
            time.sleep(min(_LOOK, last.lease_duration_seconds - waited))
            task.advance(1)
            now = _read(api, path)
            if now is None or _is_free(now.spec):
                return True
            if now.spec != last:
                return False
    return True


def _holder(lease: Lease | None) -> str:
    identity = lease.spec.holder_identity if lease else ""
    return identity.rpartition(" [")[0] or identity or "another run"


def _sent(api: Api, method: str, path: str, body: dict[str, Any]) -> bool:
    try:
        api.send(method, path, {"fieldManager": "vddkctl"}, body)
    except RefusedError as failure:
        if failure.code != _CONFLICT and (failure.code, method) != (_NOT_FOUND, "PUT"):
            raise
        return False
    return True


def _lease(name: str, holder: str, before: Lease | None) -> dict[str, Any]:
    now = _now()
    kept = (
        {"resourceVersion": before.metadata.resource_version, "labels": before.metadata.labels}
        if before
        else {}
    )
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": name, **kept},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": SECONDS,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": before.spec.lease_transitions + 1 if before else 0,
        },
    }


def _give_back(api: Api, path: str, mine: str) -> None:
    _patch(api, path, mine, {"holderIdentity": "", "leaseDurationSeconds": 1})


def _patch(api: Api, path: str, mine: str, spec: dict[str, Any], *more: dict[str, Any]) -> None:
    test = {"op": "test", "path": "/spec/holderIdentity", "value": mine}
    changes = [{"op": "replace", "path": f"/spec/{key}", "value": value} for key, value in spec.items()]
    api.send("PATCH", path, None, [test, *changes, *more], JSON_PATCH)


def _is_free(spec: LeaseSpec) -> bool:
    return not spec.holder_identity or _dead(spec.holder_identity)


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


def _clocks() -> tuple[float, float]:
    """A clock that goes on while the machine sleeps; and the wall's, since a virtual machine may have been paused."""
    return time.clock_gettime(time.CLOCK_BOOTTIME), time.time()


def _since(then: tuple[float, float]) -> float:
    return max(now - before for now, before in zip(_clocks(), then, strict=True))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
