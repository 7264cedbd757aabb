"""Does exactly what a plan says, in its order, and remembers what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.apply.consent import (
    refuse_conflicts,
    refuse_other_types,
    refuse_unpullable,
    refuse_unwritable,
    refuse_without_values,
)
from vddkctl.apply.guard import public_since, refuse_public
from vddkctl.apply.image import push_image
from vddkctl.apply.memory import begun, ended, has_ended, next_number, only_steps, without_beginning
from vddkctl.apply.migrations import disturbing_now, let_pass
from vddkctl.apply.precondition import Checked, check
from vddkctl.apply.result import Result, Status, StepResult
from vddkctl.apply.writes import key_of, object_change, secret_values
from vddkctl.cluster.base import Cluster
from vddkctl.errors import LockLostError, PlanFileError, VddkctlError
from vddkctl.observe import recall
from vddkctl.places import Places
from vddkctl.plan.codec import decode_record, encode_record
from vddkctl.plan.model import Change, Plan
from vddkctl.plan.observed import LiveObject
from vddkctl.plan.order import ROOMS, room
from vddkctl.plan.record import Record
from vddkctl.plan.unknown import settled
from vddkctl.progress import Progress
from vddkctl.signals import undisturbed


class Executor(Struct, frozen=True):
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
        work, PlanError when an image would be public, and other VddkctlErrors when nothing could be begun. What fails
        later is in the result.
        """
        _check_known(plan)
        refuse_unpullable(plan)
        with self.cluster.lock(plan.site, f"{self.who} since {self.now()}"):
            recalled = recall(self.cluster, plan.site)
            record = recalled.record

            def looked_at() -> Checked:
                return check(plan, record, self.places, self.cluster, self.progress)

            checked = looked_at()
            refuse_conflicts(plan, checked.satisfied)
            refuse_other_types(plan, checked.satisfied)
            checked = let_pass(plan, checked, looked_at, self.progress)
            refuse_public(plan, record, self.places)
            refuse_without_values(plan, checked.satisfied, self.places)
            refuse_unwritable(plan, self.cluster, checked, self.places)
            if recalled.fault:
                self.cluster.set_aside_record(plan.site)
            if plan.changes:
                self.cluster.write_record(plan.site, encode_record(begun(record, plan, self.now(), self.who)))
            return self._carry_out(plan, record, checked)

    def _carry_out(self, plan: Plan, record: Record | None, checked: Checked) -> Result:
        done: dict[str, StepResult] = {}
        held: Mapping[str, str] = {}
        stopped: BaseException | None = None
        why = ""
        try:
            for name in ROOMS:
                if name == "controller":
                    coming = [change for change in plan.changes if _is_coming(change, checked, done)]
                    held = disturbing_now(coming, plan.active_migrations, self.cluster, self.progress)
                for step in self._walk(name, plan, checked, done, held):
                    done[step.address] = step
                    self.told(step)
                if name == "image":
                    plan = self._settled(plan, record, done)
        except LockLostError as error:
            why = str(error)
        except BaseException as error:  # whatever it is: first what was done is recorded
            stopped = error
            why = "interrupted" if isinstance(error, KeyboardInterrupt) else "the run broke off"
        interrupted = isinstance(stopped, KeyboardInterrupt)
        steps = (done.get(c.address) or _end(c, Status.SKIPPED, why) for c in plan.changes)
        with undisturbed():
            result = Result(plan.site, tuple(steps), interrupted, kind=plan.kind, back_to=plan.back_to)
            result = self._remember(record, plan, result, checked)
        if stopped and not interrupted:
            raise stopped
        return result

    def _walk(
        self,
        name: str,
        plan: Plan,
        checked: Checked,
        done: Mapping[str, StepResult],
        held: Mapping[str, str],
    ) -> Iterator[StepResult]:
        ready: list[Change] = []
        for change in plan.changes:
            if room(change.address) != name:
                continue
            blocked = _blocked(change, done)
            if change.address in checked.satisfied:
                yield replace(_end(change, Status.SATISFIED), digest=checked.digests.get(change.address))
            elif blocked:
                yield _end(change, Status.SKIPPED, f"depends on {', '.join(blocked)}")
            elif change.address in held:
                yield _end(change, Status.SKIPPED, held[change.address])
            elif name == "image":
                yield self._image(change, plan, checked)
            else:
                ready.append(change)
        yield from self._settings(ready, plan, checked.objects)

    def _settled(self, plan: Plan, record: Record | None, done: Mapping[str, StepResult]) -> Plan:
        """The plan with the digests of what engines have built; settings that name these are intended from now on."""
        known = settled(plan, {address: step.digest for address, step in done.items() if step.digest})
        if known is not plan:
            self.cluster.write_record(plan.site, encode_record(begun(record, known, self.now(), self.who)))
        return known

    def _image(self, change: Change, plan: Plan, checked: Checked) -> StepResult:
        try:
            self.cluster.check_lock()
            digest = push_image(change, checked.images[change.address], self.places, self.progress)
            public = public_since(change, digest, plan, self.places)
        except VddkctlError as error:
            return _end(change, Status.FAILED, str(error))
        if public and plan.public_registry == "deny":
            text = f"it is pushed, and {public.message}\n  {public.advice}; then run again"
            return _end(change, Status.FAILED, text)
        warning = f"{public.message}; VDDK's licence forbids that" if public else None
        return replace(_end(change, Status.DONE), warning=warning, digest=digest)

    def _settings(
        self, changes: Sequence[Change], plan: Plan, objects: Mapping[str, LiveObject]
    ) -> Iterator[StepResult]:
        waiting = {key_of(change.address): change for change in changes}
        writes = []
        for change in changes:
            try:
                values = secret_values(change, self.places, self.cluster)
            except VddkctlError as error:
                del waiting[key_of(change.address)]
                yield _end(change, Status.FAILED, str(error))
            else:
                writes.append(object_change(change, plan, objects.get(change.address), values))
        try:
            for outcome in self.cluster.write(writes) if writes else ():
                change = waiting.pop(outcome.key)
                if outcome.error is None:
                    yield _end(change, Status.DONE)
                else:
                    yield _end(change, Status.FAILED, str(outcome.error))
        except VddkctlError as error:  # the whole place fails
            for change in waiting.values():
                yield _end(change, Status.FAILED, str(error))

    def _remember(self, record: Record | None, plan: Plan, result: Result, checked: Checked) -> Result:
        after = ended(record, plan, result, checked.standing, self.now(), self.who)
        if after == record:
            return result
        try:
            try:
                self.cluster.write_record(plan.site, encode_record(after))
            except LockLostError:  # the record is another run's by now: what was done here is added to it
                self._add(record, plan, result)
        except VddkctlError as error:
            return replace(result, record_error=str(error))
        return result

    def _add(self, before: Record | None, plan: Plan, result: Result) -> None:
        number, narrow, at = next_number(before), only_steps(plan, result), self.now()

        def amended(content: bytes | None) -> bytes:
            record = decode_record(content, plan.site) if content else None
            if content and record and has_ended(record, number, self.who):
                return content  # it was written, and the answer was lost
            record = without_beginning(record, number, self.who)
            return encode_record(ended(record, narrow, result, (), at, self.who))

        self.cluster.amend_record(plan.site, amended)


def _check_known(plan: Plan) -> None:
    for change in plan.changes:
        name = room(change.address)
        if name not in ROOMS or (name == "image", name == "secret") != (
            bool(change.image),
            bool(change.secret),
        ):
            raise PlanFileError(
                "the plan has a change that this version cannot carry out",
                where=change.address,
                hint="make a new plan with: vddkctl plan",
            )


def _is_coming(change: Change, checked: Checked, done: Mapping[str, StepResult]) -> bool:
    """Whether a change is still to be made, after those that have ended."""
    return not (change.address in done or change.address in checked.satisfied or _blocked(change, done))


def _blocked(change: Change, done: Mapping[str, StepResult]) -> list[str]:
    return [address for address in change.depends_on if address in done and not _ok(done[address])]


def _ok(step: StepResult) -> bool:
    return step.status in (Status.DONE, Status.SATISFIED)


def _end(change: Change, status: Status, error: str | None = None) -> StepResult:
    return StepResult(change.address, change.action, status, error)
