"""No place for settings: for work that is about images alone, and that nobody remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from vddkctl.cluster.base import ObjectChange, StoredSecret, Wanted, WriteOutcome
from vddkctl.plan.observed import Activity, ClusterState, ObjectKey, Unsettled


class Nowhere:
    """As :class:`~vddkctl.cluster.base.Cluster`: nothing is there, and nothing is kept."""

    name = ""
    tries_for_free = True

    def missing_rights(self, changes: Sequence[ObjectChange]) -> tuple[str, ...]:
        """None is needed."""
        del changes
        return ()

    def observe(self, wanted: Wanted) -> ClusterState:
        """Nothing."""
        del wanted
        return ClusterState("", (), ())

    def read_secret(self, key: ObjectKey) -> StoredSecret | None:
        """None."""
        del key
        return None

    def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Nothing can be written here, and a plan without settings never tries."""
        return iter([WriteOutcome(each.key, NotImplementedError()) for each in changes])

    def rehearse(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """The same."""
        return self.write(changes)

    def activity(self) -> Activity:
        """Nobody acts here."""
        return Activity()

    def unsettled(self, keys: Sequence[ObjectKey]) -> tuple[Unsettled, ...]:
        """Nothing."""
        del keys
        return ()

    def read_record(self, site: str) -> bytes | None:
        """None."""
        del site
        return None

    def write_record(self, site: str, content: bytes) -> None:
        """Forget it."""

    def set_aside_record(self, site: str) -> str:
        """There is none."""
        del site
        return ""

    def lock(self, site: str, holder: str) -> AbstractContextManager[None]:
        """Nobody is kept out."""
        del site, holder
        return nullcontext()

    def check_lock(self) -> None:
        """There is none."""

    def amend_record(self, site: str, amended: Callable[[bytes | None], bytes]) -> None:
        """Forget it."""
        del site, amended
