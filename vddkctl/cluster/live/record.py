"""The record in a live cluster: a ConfigMap beside the ForkliftController."""

from __future__ import annotations

import gzip
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from vddkctl.cluster.live.api import APPLY, JSON_PATCH, MANAGER, Api
from vddkctl.cluster.live.kinds import CONFIG_MAPS
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import ConfigMap
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.decoding import decoded
from vddkctl.errors import ClusterDeniedError, ClusterError, DamagedRecordError
from vddkctl.plan.codec import RECORD_HINT, decode_record, encode_record
from vddkctl.plan.history import shorter
from vddkctl.plan.observed import Unread
from vddkctl.plan.record import Record

LABEL = "vddkctl.dev/record"
"""Marks records, so that sites know of each other."""
_KEY, _PACKED = "record", "record.gz"
_TRIES, _CONFLICT = 5, 409
_READABLE = 200_000
"""Bytes up to which a record is kept as it is, for people to read."""
_MOST = 900_000
"""Bytes: a ConfigMap holds a mebibyte (Kubernetes, "ConfigMaps")."""


_UNREAD = "which settings are that site's is not known: mend it with that site's own vddkctl"

Claims = dict[str, dict[str, dict[str, tuple[Any, ...]]]]
"""Address → field → site → the values that its record has for the field: applied, and intended."""


class Others(Struct, frozen=True):
    """What other sites of the same Forklift have written down, and the records that cannot be read.

    ``known``: all of them were read. ``own``: this site has a record, whatever is in it.
    """

    claims: Claims
    unread: tuple[Unread, ...] = ()
    known: bool = True
    own: bool = False


def name_of(site: str) -> str:
    """``vddkctl-frankfurt``: of the record, and of the lock."""
    return f"vddkctl-{site}"


class Records:
    """Records in a namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def read(self, site: str) -> bytes | None:
        """A site's record, or None when nothing was applied yet."""
        found = self._found(site)
        return _content(found) if found else None

    def _found(self, site: str) -> ConfigMap | None:
        try:
            return self._api.get(CONFIG_MAPS.path(self._namespace, name_of(site)), of=ConfigMap)
        except RefusedError as failure:
            if failure.code == 404:
                return None
            raise

    def write(self, site: str, content: bytes) -> None:
        """Replace a site's record, in one step. Raises ClusterError."""
        self._write(site, content, "")

    def amend(self, site: str, amended: Callable[[bytes | None], bytes]) -> None:
        """Write what is made of a site's record as it is, and begin again when somebody else writes it meanwhile."""
        for last in (*(False,) * (_TRIES - 1), True):
            found = self._found(site)
            try:
                self._write(
                    site,
                    amended(_content(found) if found else None),
                    found.metadata.resource_version if found else "",
                )
                return
            except RefusedError as failure:
                if failure.code != _CONFLICT or last:
                    raise

    def _write(self, site: str, content: bytes, version: str) -> None:
        name = name_of(site)
        kept = _fitting(content, f"configmap {self._namespace}/{name}")
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "labels": {LABEL: "site", "app.kubernetes.io/managed-by": MANAGER},
                **({"resourceVersion": version} if version else {}),
            },
            **kept,
        }
        query = {"fieldManager": MANAGER, "force": "true"}
        path = CONFIG_MAPS.path(self._namespace, name)
        after = decoded(self._api.send("PATCH", path, query, body, APPLY), ConfigMap)
        # Who brought a record back by hand owns its form, and an apply of ours leaves that where it is.
        removals = [
            {"op": "remove", "path": form} for form in _forms(after) if form.split("/")[1] not in kept
        ]
        if removals:
            self._api.send("PATCH", path, {"fieldManager": MANAGER}, removals, JSON_PATCH)

    def set_aside(self, site: str) -> str:
        """Keep a copy of a site's record, whatever is in it, in a ConfigMap of its own. Raises ClusterError."""
        found = self._api.get(CONFIG_MAPS.path(self._namespace, name_of(site)), of=ConfigMap)
        name = f"vddkctl.damaged-{site}"  # no record is named so, whatever the site is
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}},
            "data": found.data,
            "binaryData": found.binary_data,
        }
        query = {"fieldManager": MANAGER, "force": "true"}
        self._api.send("PATCH", CONFIG_MAPS.path(self._namespace, name), query, body, APPLY)
        return f"configmap {self._namespace}/{name}"

    def of_another_forklift(self) -> Claims:
        """What the records of another Forklift's sites say, each site with its namespace, as far as it can be read."""
        claims: Claims = {}
        for address, fields in self.of_others("").claims.items():
            for path, sites in fields.items():
                named = {f"{self._namespace}/{site}": values for site, values in sites.items()}
                claims.setdefault(address, {})[path] = named
        return claims

    def of_others(self, site: str) -> Others:
        """What the records of other sites say. One that cannot be read is told, and stops nobody else."""
        try:
            found = list(listed(self._api, CONFIG_MAPS, self._namespace, ConfigMap, {"labelSelector": LABEL}))
        except ClusterDeniedError:
            return Others({}, known=False)
        claims: Claims = {}
        unread = []
        for item in found:
            name = item.metadata.name
            if name == name_of(site):
                continue
            where = f"configmap {self._namespace}/{name}"
            try:
                content = _content(item)
                record = decode_record(content, where) if content is not None else None
            except (DamagedRecordError, ClusterError) as error:
                unread.append(Unread(where, f"{error.what}; {_UNREAD}"))
                continue
            if record is not None:
                _claim(claims, name.removeprefix(name_of("")), record)
        own = any(item.metadata.name == name_of(site) for item in found)
        return Others(claims, tuple(unread), known=not unread, own=own)


def together(everybody: Iterable[Claims]) -> Claims:
    """The claims of several places, of which no two have the same site."""
    claims: Claims = {}
    for each in everybody:
        for address, fields in each.items():
            for path, sites in fields.items():
                claims.setdefault(address, {}).setdefault(path, {}).update(sites)
    return claims


def _claim(claims: Claims, site: str, record: Record) -> None:
    for part in (record.applied, record.intended):
        for address, values in part.items():
            for path, value in values.items():
                sites = claims.setdefault(address, {}).setdefault(path, {})
                sites[site] = (*sites.get(site, ()), value)


def _content(found: ConfigMap) -> bytes | None:
    """What was written, however it is kept. Raises DamagedRecordError for what nobody has written so."""
    packed, plain = found.binary_data.get(_PACKED), found.data.get(_KEY)
    where = f"configmap {found.metadata.namespace}/{found.metadata.name}"
    if packed is None:
        return plain.encode() if plain is not None else None
    try:
        content = gzip.decompress(b64decode(packed))
    except (ValueError, OSError, EOFError):
        raise DamagedRecordError("the record is damaged", where=where, hint=RECORD_HINT) from None
    if plain is not None and plain.encode() != content:
        hint = f"remove the one that is out of date; {RECORD_HINT}"
        raise DamagedRecordError(f"there are two records, {_KEY} and {_PACKED}", where=where, hint=hint)
    return content


def _forms(found: ConfigMap) -> list[str]:
    """The forms in which a record is there, as JSON pointers."""
    forms = ((found.data, "data", _KEY), (found.binary_data, "binaryData", _PACKED))
    return [f"/{part}/{key}" for values, part, key in forms if key in values]


def _fitting(content: bytes, where: str) -> dict[str, dict[str, str]]:
    """The content as a ConfigMap holds it, with as much of its history as there is room for. Raises ClusterError."""
    kept, rest = _kept(content), None
    while (size := _size(kept)) > _MOST:
        with suppress(DamagedRecordError):
            rest = shorter(rest or decode_record(content, where))
        if rest is None:
            raise ClusterError(
                f"the record has {size} bytes, more than a ConfigMap holds",
                where=where,
                hint="split the site into several",
            )
        kept = _kept(encode_record(rest))
    return kept


def _kept(content: bytes) -> dict[str, dict[str, str]]:
    return {"data": {_KEY: content.decode()}} if len(content) <= _READABLE else _packed(content)


def _size(kept: dict[str, dict[str, str]]) -> int:
    return sum(len(value) for part in kept.values() for value in part.values())


def _packed(content: bytes) -> dict[str, dict[str, str]]:
    return {"binaryData": {_PACKED: b64encode(gzip.compress(content, mtime=0)).decode()}}
