"""Disks from Forklift's inventory service: its REST API, which knows every machine of a provider.

kubev2v/forklift, ``pkg/controller/provider/web/vsphere``: ``GET /providers/vsphere`` lists providers with their
``uid``, and ``GET /providers/vsphere/UID/vms?detail=4`` their machines, whose ``disks`` have a ``capacity`` in bytes.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import urllib3
from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.vddk.tuning import Disk

_TIMEOUT = urllib3.Timeout(connect=10.0, read=120.0)
_UNAUTHORIZED = (401, 403)
_HERE = ("localhost", "127.0.0.1", "::1")
"""Where a token may go without TLS: the near end of a port-forward."""


class Inventory(Struct, frozen=True):
    """The service at ``url``. ``token`` is a bearer token, which is never shown.

    ``ca_file`` is trusted in the place of this machine's authorities, ``also`` besides them. ``provider`` is the one
    that is asked for; else all are.
    """

    url: str
    token: str | None = None
    ca_file: str | None = None
    insecure: bool = False
    also: str | None = None
    provider: str | None = None

    def __repr__(self) -> str:
        """Without the token."""
        return f"Inventory({self.url})"

    def disks(self, home: str | None = None) -> list[Disk]:
        """Every disk of every vSphere provider; templates are not moved. Raises VddkctlError.

        Providers outside of ``home``, Forklift's namespace, are named with theirs, as in a spec.
        """
        parts = urlsplit(self.url)
        if self.token and parts.scheme != "https" and parts.hostname not in _HERE:
            raise VddkctlError(
                "a token is not sent without TLS", where=self.url, hint="name the inventory by https://…"
            )
        with urllib3.PoolManager(
            ssl_context=self._trust(),
            retries=urllib3.Retry(2, backoff_factor=0.3, status_forcelist=(502, 503, 504)),
            timeout=_TIMEOUT,
        ) as pool:
            return list(self._disks(pool, home))

    def _trust(self) -> ssl.SSLContext:
        try:
            trust = ssl.create_default_context(cafile=self.ca_file)
            if self.also:
                trust.load_verify_locations(self.also)
        except OSError as error:  # ssl.SSLError is one
            where = self.ca_file or self.also or ""
            raise VddkctlError(
                f"the authority cannot be read: {error.strerror or error}", where=where
            ) from None
        if self.insecure:
            trust.check_hostname = False
            trust.verify_mode = ssl.CERT_NONE
        return trust

    def _disks(self, pool: urllib3.PoolManager, home: str | None) -> Iterator[Disk]:
        for provider in self._list(pool, "/providers/vsphere?detail=1"):
            name, namespace = str(provider.get("name")), str(provider.get("namespace") or "")
            if home is not None and namespace not in ("", home):
                name = f"{namespace}/{name}"
            if self.provider not in (None, name, f"{namespace}/{provider.get('name')}"):
                continue
            for machine in self._list(pool, f"/providers/vsphere/{provider.get('uid')}/vms?detail=4"):
                if machine.get("isTemplate") is True:
                    continue
                for disk in machine.get("disks") or ():
                    if isinstance(disk, dict) and isinstance(disk.get("capacity"), int):
                        yield Disk(name, str(machine.get("id") or machine.get("name")), disk["capacity"])

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
            hint = "name a token with --token-file: one of a user who may see providers (oc whoami -t)"
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
