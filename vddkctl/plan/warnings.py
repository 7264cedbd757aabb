"""What a person should know before saying yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vddkctl.plan import fields
from vddkctl.plan.accounts import unwritten_secrets
from vddkctl.plan.complaints import complaint_warnings
from vddkctl.plan.desired import Creation, Desired, Target
from vddkctl.plan.effect import effect_warnings
from vddkctl.plan.elsewhere import elsewhere_warnings
from vddkctl.plan.image_warnings import image_warnings
from vddkctl.plan.lost import record_warnings, unrecorded_warnings
from vddkctl.plan.migrations import migration_warnings
from vddkctl.plan.model import Action, Change, PlanWarning
from vddkctl.plan.observed import ClusterState, Observed
from vddkctl.plan.order import room
from vddkctl.plan.pulling import account_warnings
from vddkctl.plan.secrets import secret_warnings
from vddkctl.plan.storage import storage_warnings
from vddkctl.plan.unseen import unseen_warnings
from vddkctl.site.source import LoadedSite
from vddkctl.vddk import config_text

MIB = 1024 * 1024


def warnings(
    loaded: LoadedSite,
    observed: Observed,
    wanted: Desired,
    changes: tuple[Change, ...],
    gone: tuple[str, ...],
) -> Iterator[PlanWarning]:
    """All warnings, in the order of the plan: images, controller, providers, places, rules, what is gone."""
    everything: tuple[Target | Creation, ...] = (*wanted.targets.values(), *wanted.created.values())
    referred = {wish.image for target in everything for wish in target.wishes}
    for name, spec in sorted(loaded.site.images.items()):
        image = observed.images[name]
        yield from image_warnings(
            name, spec, image, referred=name in referred, live=loaded.site.cluster.manifests is None
        )
    yield from _of_changes(changes)
    for key in sorted({*wanted.targets, *wanted.created}):
        target = wanted.targets.get(key) or wanted.created[key]
        yield from _unpinned(loaded, key.address, target)
        yield from _buffers(key.address, target)
    yield from secret_warnings(observed)
    yield from unwritten_secrets(loaded, observed)
    yield from account_warnings(loaded, observed)
    yield from storage_warnings(loaded, observed)
    yield from elsewhere_warnings(loaded, observed, wanted)
    yield from complaint_warnings(observed.cluster.plans)
    declared = {key.address for key in wanted.targets}
    yield from effect_warnings(observed, declared, {change.address for change in changes})
    yield from migration_warnings(changes, observed.cluster)
    yield from record_warnings(loaded, observed)
    yield from unrecorded_warnings(observed, wanted, changes)
    yield from unseen_warnings(loaded, observed)
    for place in observed.cluster.unread:
        yield PlanWarning("not-read", place.where, place.why)
    for rule in wanted.idle_rules:
        yield PlanWarning(
            "rule-matches-nothing", f"providers.{rule}", f'the rule "{rule}" matches no vSphere provider'
        )
    created = {change.address for change in changes if change.action is Action.CREATE}
    for address in gone:
        what = "an apply creates it again" if address in created else "an apply forgets it"
        yield PlanWarning("gone", address, f"was there at the last apply, and is gone: {what}")


def change_warnings(changes: Sequence[Change], state: ClusterState) -> Iterator[PlanWarning]:
    """What to know of the changes themselves, whatever they come from."""
    yield from _of_changes(changes)
    yield from migration_warnings(changes, state)


def _of_changes(changes: Iterable[Change]) -> Iterator[PlanWarning]:
    for change in changes:
        yield from _conflicts(change)
        if room(change.address) == "controller":
            yield from _controller(change)


def _conflicts(change: Change) -> Iterator[PlanWarning]:
    for field in change.conflicts:
        name = field.path.rpartition(".")[2]
        text = f"{name} is {field.owner}'s: apply stops unless it is taken (--take ADDRESS, or policy.conflicts: take)"
        if field.path == fields.LOGIN:
            text += "; to let the provider have this one, take create out of the spec for one apply"
        yield PlanWarning("conflict", change.address, text)


def _controller(change: Change) -> Iterator[PlanWarning]:
    yield PlanWarning("controller-restarts", change.address, "the change restarts forklift-controller")
    if any(field.after is None for field in change.fields):
        # The operator merges the value into a ConfigMap that it does not prune.
        yield PlanWarning(
            "old-value-may-stay",
            change.address,
            "once unset, the operator can keep the old image in its ConfigMap: look at the forklift-controller "
            "Deployment and ConfigMap after the roll-out",
        )


def _unpinned(loaded: LoadedSite, address: str, target: Target | Creation) -> Iterator[PlanWarning]:
    for wish in target.wishes:
        if wish.path not in fields.IMAGE_FIELDS or not wish.after or "@" in wish.after:
            continue
        if loaded.site.policy.pin == "digest":
            yield PlanWarning(
                "not-pinned",
                address,
                f"{wish.after} is named by tag: a tag that moves is neither pulled nor validated again",
            )


def _buffers(address: str, target: Target | Creation) -> Iterator[PlanWarning]:
    buffers = target.buffers
    if buffers is None or config_text.meaning(buffers) is None:
        return
    if buffers.over_limit:
        yield PlanWarning(
            "buffers-over-limit",
            address,
            f"buffers of {buffers.size_in_64k} × 64 KiB × {buffers.count} = {buffers.memory // MIB} MiB a session; "
            "VDDK 7.0.3's notes say that opening a disk fails over 16 MiB",
        )
    wishes = {wish.path: wish.meaning for wish in target.wishes}
    spec = target.live.spec if isinstance(target, Target) else {}
    now = fields.meaning(fields.AIO, fields.raw_value(spec, fields.AIO))
    if wishes.get(fields.AIO, now) != "true":
        yield PlanWarning("buffers-inert", address, "buffers have no effect while AIO is off (set aio: true)")
