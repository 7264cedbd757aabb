"""Does exactly what a plan says, in its order, and remembers what it did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from vddkctl.apply.memory import begun, ended
from vddkctl.apply.precondition import satisfied_changes
from vddkctl.apply.result import Result, Status, StepResult
from vddkctl.cluster.base import Cluster, FieldEdit, ObjectChange
from vddkctl.errors import VddkctlError
from vddkctl.places import Places
from vddkctl.plan.codec import decode_record, encode_record
from vddkctl.plan.model import Change, Plan
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.order import room
from vddkctl.plan.record import Record
from vddkctl.progress import Progress


@dataclass(frozen=True)
class Executor:
    """Carries plans out. ``who`` and ``now`` (RFC 3339) go into the record; ``told`` hears of each step's end."""

    places: Places
    cluster: Cluster
    progress: Progress
    who: str
    now: Callable[[], str]
    told: Callable[[StepResult], None] = lambda step: None

    def run(self, plan: Plan) -> Result:
        """Carry out a plan.

        Raises StalePlanError before the first write when something moved, LockedError when another run is at
        work, and other VddkctlErrors when nothing could be begun. What fails later is in the result.
        """
        with self.cluster.lock(plan.site, f"{self.who} since {self.now()}"):
            record = read_record(self.cluster, plan.site)
            satisfied = satisfied_changes(plan, self.places, self.cluster)
            if plan.changes:
                self.cluster.write_record(plan.site, encode_record(begun(record, plan)))
            result = self._steps(plan, satisfied)
            return self._remember(record, plan, result)

    def _steps(self, plan: Plan, satisfied: Collection[str]) -> Result:
        done: dict[str, StepResult] = {}
        interrupted = False
        try:
            for step in self._walk(plan.changes, satisfied, done):
                done[step.address] = step
                self.told(step)
        except KeyboardInterrupt:
            interrupted = True
        for change in plan.changes:
            if change.address not in done:
                done[change.address] = _end(change, Status.SKIPPED, "interrupted")
        return Result(plan.site, tuple(done[c.address] for c in plan.changes), interrupted)

    def _walk(
        self, changes: Sequence[Change], satisfied: Collection[str], done: dict[str, StepResult]
    ) -> Iterator[StepResult]:
        for group in _groups(changes):
            ready: list[Change] = []
            for change in group:
                blocked = [a for a in change.depends_on if a in done and not _ok(done[a])]
                if change.address in satisfied:
                    yield _end(change, Status.SATISFIED)
                elif blocked:
                    yield _end(change, Status.SKIPPED, f"depends on {', '.join(blocked)}")
                elif change.image:
                    yield self._image(change)
                else:
                    ready.append(change)
            yield from self._settings(ready)

    def _image(self, change: Change) -> StepResult:
        from vddkctl.apply.image import push_image

        try:
            push_image(change, self.places, self.progress)
        except VddkctlError as error:
            return _end(change, Status.FAILED, str(error))
        return _end(change, Status.DONE)

    def _settings(self, changes: Sequence[Change]) -> Iterator[StepResult]:
        by_key = {_key(change): change for change in changes}
        writes = [_object_change(key, change) for key, change in by_key.items()]
        for outcome in self.cluster.write(writes) if writes else ():
            change = by_key[outcome.key]
            if outcome.error is None:
                yield _end(change, Status.DONE)
            else:
                yield _end(change, Status.FAILED, str(outcome.error))

    def _remember(self, record: Record | None, plan: Plan, result: Result) -> Result:
        after = ended(record, plan, result, self.now(), self.who)
        if after == record:
            return result
        try:
            self.cluster.write_record(plan.site, encode_record(after))
        except VddkctlError as error:
            return replace(result, record_error=str(error))
        return result


def read_record(cluster: Cluster, site: str) -> Record | None:
    """The record of a site, or None when nothing was applied yet."""
    content = cluster.read_record(site)
    return decode_record(content, f"{cluster.name}, record of {site}") if content is not None else None


def _groups(changes: Sequence[Change]) -> Iterator[list[Change]]:
    for name in ("image", "controller", "provider"):
        yield [change for change in changes if room(change.address) == name]


def _object_change(key: ObjectKey, change: Change) -> ObjectChange:
    edits = tuple(FieldEdit(tuple(field.path.split(".")), field.after) for field in change.fields)
    return ObjectChange(key, edits, change.precondition.resource_version or "")


def _key(change: Change) -> ObjectKey:
    name, _, rest = change.address.partition(".")
    namespace, _, object_name = rest.partition("/")
    return ObjectKey("ForkliftController" if name == "controller" else "Provider", namespace, object_name)


def _ok(step: StepResult) -> bool:
    return step.status in (Status.DONE, Status.SATISFIED)


def _end(change: Change, status: Status, error: str | None = None) -> StepResult:
    return StepResult(change.address, change.action, status, error)
