"""Tags on their way back: what each named after a run, and whether that is still there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from vddkctl.oci.digest import is_digest
from vddkctl.plan.history import Past
from vddkctl.plan.images import DIGEST, REFERENCE
from vddkctl.plan.model import Action, Change, DeclaredImage, FieldChange, ImageWork, Origin, Precondition
from vddkctl.plan.order import room

REASON = "rollback"


class Tag(Struct, frozen=True):
    """An image's tag, and the digest that it is to name again; None: it was not there."""

    address: str
    reference: str
    digest: str | None


class Looked(Struct, frozen=True):
    """What registries say: the digest that each tag names now (None: nothing), and the digests that are there whole.

    ``kept`` is keyed by tag and digest.
    """

    names: Mapping[str, str | None]
    kept: Mapping[tuple[str, str], bool]


def tags_then(past: Past) -> tuple[Tag, ...]:
    """Every tag that a rollback has to look at: those that were managed, and those that runs have put since."""
    found = {}
    for address, known in past.managed.items():
        if room(address) == "image" and is_digest(known.get(DIGEST)) and known.get(REFERENCE):
            reference = str(known[REFERENCE])
            found[(address, reference)] = Tag(address, reference, str(known[DIGEST]))
    for (address, reference), since in past.tags.items():
        digest = str(since.before) if is_digest(since.before) else None
        found.setdefault((address, reference), Tag(address, reference, digest))
    return tuple(found[key] for key in sorted(found))


class Tagged(Struct, frozen=True):
    """What becomes of the images: ``changes``, ``lost`` digests and notes on what ``stays``, by address."""

    changes: dict[str, Change]
    lost: dict[str, str]
    stays: dict[str, str]


def returning_images(past: Past, looked: Looked) -> Tagged:
    """The changes that make tags name what they named."""
    found = Tagged({}, {}, {})
    for tag in tags_then(past):
        now = looked.names[tag.reference]
        was_ours = past.managed.get(tag.address, {}).get(REFERENCE) == tag.reference
        since = past.tags.get((tag.address, tag.reference))
        if tag.digest is None:
            if now is not None and since is not None:
                found.stays[tag.address] = (
                    f"the tag {tag.reference} was put by run {since.run} and stays: a registry takes no tag away"
                )
            continue
        kept = looked.kept[(tag.reference, tag.digest)]
        if now == tag.digest and kept:
            continue
        if not was_ours and (since is None or now not in since.given or tag.address in past.managed):
            found.stays[tag.address] = (
                f"the tag {tag.reference} named {tag.digest} then, was nobody's that vddkctl knew, and stays as it is"
            )
        elif not kept:
            found.lost[tag.address] = _gone(tag)
        else:
            found.changes[tag.address] = _change(tag, now)
    return found


def lost_digests(past: Past, looked: Looked) -> dict[str, str]:
    """Digests that are gone, each with a text that says so: no setting may come to name one."""
    return {
        tag.digest: _gone(tag)
        for tag in tags_then(past)
        if tag.digest and not looked.kept[(tag.reference, tag.digest)]
    }


def declared_then(past: Past) -> dict[str, DeclaredImage]:
    """The images of then, by address; what settings write for each is known where one did."""
    return {
        tag.address: DeclaredImage(
            tag.reference, tag.reference.rpartition(":")[2], tag.digest, _pulled(past, tag.digest)
        )
        for tag in tags_then(past)
        if tag.digest and past.managed.get(tag.address, {}).get(REFERENCE) == tag.reference
    }


def declared_put_back(changes: Mapping[str, Change]) -> dict[str, DeclaredImage]:
    """The images of these changes, by address: also of a tag that was somebody else's then."""
    works = ((address, change.image) for address, change in changes.items())
    return {
        address: DeclaredImage(work.reference, work.reference.rpartition(":")[2], work.digest)
        for address, work in works
        if work
    }


def _pulled(past: Past, digest: str) -> str:
    return next(_values(past, digest), "")


def _values(past: Past, digest: str) -> Iterator[str]:
    for address, known in sorted(past.managed.items()):
        if room(address) in ("controller", "provider"):
            yield from (value for value in known.values() if isinstance(value, str) and digest in value)


def _gone(tag: Tag) -> str:
    repository = tag.reference.removesuffix(f":{tag.reference.rpartition(':')[2]}")
    return f"digest {tag.digest} is gone from {repository}; push it there again"


def _change(tag: Tag, now: str | None) -> Change:
    assert tag.digest
    name = tag.address.partition(".")[2]
    return Change(
        address=tag.address,
        action=Action.REPLACE if now else Action.CREATE,
        reason=REASON,
        origin=Origin.SPEC,
        fields=(FieldChange(DIGEST, now, tag.digest),),
        precondition=Precondition(digest=now),
        image=ImageWork(name, tag.reference, {}, tag.digest, "", 0, "", False, "", 0, "", "", restores=True),
    )
