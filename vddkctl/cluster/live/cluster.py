"""Forklift's settings in a live cluster."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from vddkctl.cluster.base import ObjectChange, StoredSecret, Wanted, WriteOutcome
from vddkctl.cluster.live import look, managed
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.early import Seen
from vddkctl.cluster.live.home import Homes
from vddkctl.cluster.live.kinds import MIGRATIONS, PROVIDERS, SECRETS
from vddkctl.cluster.live.lease import Held, applied_sites, leased
from vddkctl.cluster.live.listing import newest
from vddkctl.cluster.live.objects import live_object
from vddkctl.cluster.live.providers import providers
from vddkctl.cluster.live.raw import Secret
from vddkctl.cluster.live.record import Claims, Others, Records, name_of, together
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.cluster.live.rights import missing_rights
from vddkctl.cluster.live.rollout import running as rolled_out
from vddkctl.cluster.live.rollout import standing, unsettled
from vddkctl.cluster.live.write import Writer
from vddkctl.plan.observed import Activity, ClusterState, LiveObject, ObjectKey, Unsettled
from vddkctl.progress import Progress, Silent
from vddkctl.threads import start


class KubernetesCluster:
    """A :class:`~vddkctl.cluster.base.Cluster` behind an API server.

    ``namespace`` is where Forklift lives, if the spec says so; ``site`` tells this site's fields from those of others.
    ``seen`` is what was looked at while the command line was loading: the first look takes each of it once.
    """

    tries_for_free = False

    def __init__(
        self,
        api: Api,
        namespace: str | None,
        site: str,
        progress: Progress | None = None,
        seen: Seen | None = None,
    ) -> None:
        self._api = api
        self._site = site
        self._progress = progress or Silent()
        self._held: Held | None = None
        self._seen: str | None = None
        self._early = seen or Seen()
        self._homes = Homes(api, namespace, self._early.home)

    @property
    def api(self) -> Api:
        """The API server, for what only looks at a live cluster."""
        return self._api

    @property
    def name(self) -> str:
        """The context's name."""
        return self._api.place

    def observe(self, wanted: Wanted) -> ClusterState:
        """Everything, one LIST a kind, at the same time; who looks again sees nothing older than what he saw.

        Of what this user may not see in all namespaces, Forklift's own is looked into, and the state says so.
        """
        api, home = self._api, self._homes.look(wanted.namespace)
        active = start(look.activity, api, home)
        accounts = start(look.accounts, api, wanted.accounts)
        maps = start(look.storage_maps, api, home.namespace) if wanted.storage_maps else None
        controller = start(rolled_out, api, home.namespace) if wanted.effects else None
        seen = providers(api, home.namespace, wanted.providers, self._seen, self._early.providers.take())
        self._seen = newest(item.metadata.resource_version for item in seen.objects)
        ours = [item for item in home.controllers if item.metadata.namespace == home.namespace]
        lists = accounts.result(), maps.result() if maps else ()
        # After the objects: a site that began meanwhile has written down what it intends before it wrote anything.
        told = Records(api, home.namespace).of_others(self._site)
        beyond = sorted(home.others & {key.namespace for key in wanted.providers})
        claims = together((told.claims, *(Records(api, each).of_another_forklift() for each in beyond)))
        objects = (live_object("Provider", item, claims, home.namespace) for item in seen.objects)
        now, all_migrations = active.result()
        return ClusterState(
            home.namespace,
            tuple(
                live_object("ForkliftController", item, claims, home.namespace) for item in home.controllers
            ),
            tuple(sorted(objects, key=lambda item: item.key)),
            unread=told.unread,
            live=True,
            alone=self._alone(home.namespace, told),
            others_known=told.known,
            accounts=_shared(lists[0], claims),
            storage_maps=_shared(lists[1], claims),
            plans=now.plans,
            migrations=now.migrations,
            unsettled=standing(controller.result, ours, seen.objects) if controller else (),
            unseen=seen.unseen,
            here_alone=frozenset(
                resource.kind
                for resource, everywhere in ((PROVIDERS, seen.everywhere), (MIGRATIONS, all_migrations))
                if not everywhere
            ),
        )

    def read_secret(self, key: ObjectKey) -> StoredSecret | None:
        """A Secret, or None."""
        try:
            found = self._api.get(SECRETS.path(key.namespace, key.name), of=Secret)
        except RefusedError as refused:
            if refused.code != 404:
                raise
            return None
        values = {name: b64decode(value) for name, value in found.data.items()}
        entries = found.metadata.managed_fields
        return StoredSecret(
            values,
            found.metadata.resource_version,
            managed.owners_below(entries, "data"),
            found.type,
            found.metadata.labels,
            managed.owners_below(entries, "metadata", "labels"),
            ours=bool(managed.ours(entries, "data")),
        )

    def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Write changes by server-side apply, several at the same time; outcomes come as they are known."""
        return Writer(self._guarded()).write_all(changes)

    def rehearse(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Let the server try each change out, webhooks and schemas included. Stores nothing."""
        return Writer(self._api, dry_run=True).write_all(changes)

    def missing_rights(self, changes: Sequence[ObjectChange]) -> tuple[str, ...]:
        """What the server says that this user may not do, of all that writing these changes needs."""
        return missing_rights(self._api, self._own_namespace(), self._site, changes)

    def activity(self) -> Activity:
        """This Forklift's plans, and its migrations that run, in all namespaces or in those that this user may see."""
        found, _ = look.activity(self._api, self._homes.known())
        return found

    def unsettled(self, keys: Sequence[ObjectKey]) -> tuple[Unsettled, ...]:
        """What has not arrived yet: roll-outs, and providers that are not healthy at their current generation."""
        return unsettled(self._api, self._own_namespace(), keys)

    def read_record(self, site: str) -> bytes | None:
        """The record in the ConfigMap ``vddkctl-SITE``, or None."""
        first = self._early.record.take()
        return first.result() if first else Records(self._api, self._own_namespace()).read(site)

    def write_record(self, site: str, content: bytes) -> None:
        """Replace the record."""
        Records(self._guarded(), self._own_namespace()).write(site, content)
        if self._held:
            self._held.mark()

    def set_aside_record(self, site: str) -> str:
        """Copy the record into the ConfigMap ``vddkctl.damaged-SITE``."""
        return Records(self._guarded(), self._own_namespace()).set_aside(site)

    def amend_record(self, site: str, amended: Callable[[bytes | None], bytes]) -> None:
        """Add to the record as it is, without a lock."""
        Records(self._api, self._own_namespace()).amend(site, amended)

    @contextmanager
    def lock(self, site: str, holder: str) -> Iterator[None]:
        """Hold the Lease ``vddkctl-SITE`` while the block runs; it expires when its holder dies.

        What is written meanwhile is only written while the lease is ours.
        """
        with leased(self._api, self._own_namespace(), site, holder, self._progress) as held:
            self._held = held
            try:
                yield
            finally:
                self._held = None

    def check_lock(self) -> None:
        """Whether the lease is still ours."""
        if self._held:
            self._held.check()

    def _alone(self, namespace: str, told: Others) -> bool:
        """Whether what vddkctl has set can be nobody's but this site's: only it has, or has had, a record."""
        if not told.known or told.claims:
            return False
        return told.own or applied_sites(self._api, namespace) == frozenset({name_of(self._site)})

    def _guarded(self) -> Api:
        return replace(self._api, guard=self._held.check) if self._held else self._api

    def _own_namespace(self) -> str:
        return self._homes.known().namespace


def _shared(objects: tuple[LiveObject, ...], claims: Claims) -> tuple[LiveObject, ...]:
    """Objects whose lists no manager owns by the entry: the records tell which entries other sites have set."""
    return tuple(
        replace(live, other_sites=frozenset(claims[live.key.address])) if live.key.address in claims else live
        for live in objects
    )
