"""Disks from Forklift's inventory service: its REST API, which knows every machine of a provider.

kubev2v/forklift, ``pkg/controller/provider/web/vsphere``: ``GET /providers/vsphere`` lists providers with their
``uid``, and ``GET /providers/vsphere/UID/vms?detail=4`` their machines, whose ``disks`` have a ``capacity`` in bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import urllib3
from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.vddk.tuning import Disk

_TIMEOUT = urllib3.Timeout(connect=10.0, read=120.0)
_UNAUTHORIZED = (401, 403)


class Inventory(Struct, frozen=True):
    """The service at ``url``. ``token`` is a bearer token, which is never shown."""

    url: str
    token: str | None = None
    ca_file: str | None = None
    insecure: bool = False

    def disks(self, namespace: str | None = None) -> list[Disk]:
        """Every disk of every vSphere provider (of a namespace). Raises VddkctlError."""
        with urllib3.PoolManager(
            cert_reqs="CERT_NONE" if self.insecure else "CERT_REQUIRED",
            ca_certs=self.ca_file,
            retries=urllib3.Retry(2, backoff_factor=0.3, status_forcelist=(502, 503, 504)),
            timeout=_TIMEOUT,
        ) as pool:
            return list(self._disks(pool, namespace))

    def _disks(self, pool: urllib3.PoolManager, namespace: str | None) -> Iterator[Disk]:
        for provider in self._list(pool, "/providers/vsphere?detail=1"):
            if namespace and provider.get("namespace") != namespace:
                continue
            name = str(provider.get("name"))
            for machine in self._list(pool, f"/providers/vsphere/{provider.get('uid')}/vms?detail=4"):
                for disk in machine.get("disks") or ():
                    if isinstance(disk, dict) and isinstance(disk.get("capacity"), int):
                        yield Disk(name, str(machine.get("name") or machine.get("id")), disk["capacity"])

    def _list(self, pool: urllib3.PoolManager, path: str) -> list[dict[str, Any]]:
        where = f"{self.url.rstrip('/')}{path}"
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = pool.request("GET", where, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise VddkctlError(
                f"the inventory cannot be reached: {reason}",
                where=self.url,
                hint="is it the route (or a port-forward) of the service forklift-inventory? Or take --csv",
            ) from None
        if answer.status in _UNAUTHORIZED:
            hint = "name a token with --token-file (oc whoami -t), or one of the kubeconfig's context"
            raise VddkctlError(f"the inventory does not let us in: {answer.status}", where=where, hint=hint)
        try:
            if answer.status != 200:
                raise ValueError
            found = json.loads(answer.data)
        except ValueError:
            raise VddkctlError(
                f"the inventory answers {answer.status}, and no list", where=where, hint="look at the URL"
            ) from None
        if not isinstance(found, list):
            raise VddkctlError("the inventory answers something else than a list", where=where)
        return [each for each in found if isinstance(each, dict)]
