"""What most commands do first: read the spec, look at the world, make the plan."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from vddkctl.errors import UsageError, VddkctlError
from vddkctl.places import Places
from vddkctl.site.source import LoadedSite

if TYPE_CHECKING:
    from vddkctl.build.archive.inspection import Remembered
    from vddkctl.cli.early import Begun
    from vddkctl.cli.reports import Telling
    from vddkctl.cluster.base import Cluster
    from vddkctl.plan.explain import Explanation
    from vddkctl.plan.exposed import Exposure
    from vddkctl.plan.model import Plan
    from vddkctl.plan.observed import Observed
    from vddkctl.plan.target import Selection
    from vddkctl.progress import Progress


class Session(Struct, frozen=True):
    """A spec that was read, and where its names lead. ``archives`` is what is known of archives, if anything yet."""

    loaded: LoadedSite
    places: Places
    progress: Progress
    archives: Remembered | None = None

    @property
    def cluster(self) -> Cluster:
        """The place of the settings."""
        return self.places.settings(self.loaded.site)

    def observe(
        self,
        may_be_absent: Callable[[str], bool] = lambda address: False,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Observed:
        """Look at the registries and the cluster. Raises SpecError for parts that are not supported yet."""
        from vddkctl.prepare import Preparation
        from vddkctl.progress import Stoppable
        from vddkctl.site.diagnostic import SpecError
        from vddkctl.site.supported import unsupported

        missing = unsupported(self.loaded)
        if missing:
            raise SpecError(missing, "unsupported part")
        progress = Stoppable(self.progress)
        preparation = Preparation(self.places, progress, self.archives)
        for spec in list(self.loaded.site.images.values())[:1]:
            preparation.begin(spec)  # it is read while all that follows is loaded
        from vddkctl.observe import observe

        return observe(self.loaded, preparation, progress, may_be_absent, meanwhile)

    def plan(
        self,
        targets: Sequence[str] | None = None,
        excludes: Sequence[str] | None = None,
        take: Sequence[str] | None = None,
    ) -> Plan:
        """Look, and compute the plan. Images that it leaves out need not be made on this machine.

        ``take``: globs of addresses whose fields are taken from other managers. One that matches none is an error.
        """
        from vddkctl.plan import difference
        from vddkctl.plan.target import Selection, check_taken

        selection = Selection(targets or (), excludes or (), take or ())
        observed = self.observe(lambda address: not selection.names(address), difference.load)
        plan = self.plan_of(observed, selection)
        check_taken(plan, selection)
        for change in plan.changes:
            error = None if change.image else _not_made(change.address, observed)
            if error:
                raise error
        return self.checked(plan)

    def checked(self, plan: Plan) -> Plan:
        """The plan, with warnings of images that are public, and of what a folder would refuse."""
        if not plan.changes:
            return plan
        from vddkctl.apply.writes import rehearsed

        plan = self._guarded(plan)
        return rehearsed(plan, self.cluster, self.places) if self.cluster.tries_for_free else plan

    def tried(self, plan: Plan) -> Plan:
        """The plan, with a warning for each change that the cluster would refuse: it tries every one of them."""
        from vddkctl.apply.writes import rehearsed

        return plan if self.cluster.tries_for_free else rehearsed(plan, self.cluster, self.places, whole=True)

    def explained(self, plan: Plan) -> tuple[Explanation, ...]:
        """The precedence chain of each provider. The world is looked at for it."""
        from vddkctl.plan.explain import explanations

        return tuple(explanations(self.loaded, self.observe(lambda address: True), plan))

    def remembers(self, plan: Plan) -> bool:
        """Whether there is nothing to do for a plan made a moment ago, and nothing to remember of it."""
        if plan.changes:
            return False
        from vddkctl.apply.memory import remembered
        from vddkctl.observe import recall

        recalled = recall(self.cluster, plan.site)
        return recalled.fault is None and remembered(recalled.record, plan)

    def exposures(self, pushed: Mapping[str, str], pulled: Mapping[str, str]) -> dict[str, Exposure]:
        """Those of some images, by address, that anyone can pull; none of them is tried where that is allowed.

        ``pushed`` is where they are put, ``pulled`` where others carry them.
        """
        from vddkctl.exposure import exposures, pulled_exposures

        if self.loaded.site.policy.public_registry == "allow":
            return {}
        return {**pulled_exposures(self.places, pulled), **exposures(self.places, pushed)}

    def _guarded(self, plan: Plan) -> Plan:
        from vddkctl.plan.exposed import at_stake, pulled, warned

        asked = at_stake(plan)
        return warned(plan, self.exposures(asked, pulled(plan, asked)))

    def plan_of(self, observed: Observed, selection: Selection, *, missing_too: bool = False) -> Plan:
        """Compute the plan from what was seen."""
        from vddkctl.plan.make import make_plan
        from vddkctl.plan.target import narrowed

        concerns, take = selection.names, selection.takes
        whole = make_plan(self.loaded, observed, missing_too=missing_too, concerns=concerns, take=take)
        return narrowed(whole, selection)


def _not_made(address: str, observed: Observed) -> VddkctlError | None:
    room, _, name = address.partition(".")
    return observed.images[name].error if room == "image" else None


def refuse_lost(session: Session) -> None:
    """Where there is no record: raise VddkctlError when something shows that there was one."""
    from vddkctl.observe import wanted_of
    from vddkctl.plan.lost import gone, traces

    state = session.cluster.observe(wanted_of(session.loaded, None))
    found = traces(session.loaded, state)
    if found:
        raise gone(session.loaded, session.cluster.name, state, found)


def open_session(file: str, progress: Progress, begun: Begun | None = None) -> Session:
    """Read the spec. ``begun`` is what was begun meanwhile.

    Raises SpecError with all its mistakes, and VddkctlError when it cannot be read.
    """
    from vddkctl.site.diagnostic import SpecError
    from vddkctl.site.load import load

    text, name, folder = read_spec(file)
    try:
        loaded = load(text, name)
    except SpecError as error:
        from vddkctl.site.glimpse import name_in

        error.site = name_in(text)
        raise
    places = Places(
        folder,
        registries=loaded.site.registries,
        progress=progress,
        early=begun.cluster if begun else None,
    )
    return Session(loaded, places, progress, begun.archives if begun else None)


def told_session(file: str, progress: Progress, begun: Begun | None, ends: Telling) -> Session:
    """The same of a run whose end is told: which site and cluster that is about, as soon as it is known."""
    session = open_session(file, progress, begun)
    ends.looks_at(session.loaded.site.metadata.name, session.loaded.site.cluster)
    return session


def read_spec(file: str) -> tuple[str, str, Path]:
    """A spec's text, its name for messages, and the folder relative paths start from."""
    if file == "-":
        return _decoded(sys.stdin.buffer.read(), "<stdin>"), "<stdin>", Path.cwd()
    if not file:
        raise UsageError("-f needs the name of a file, or -")
    path = Path(file)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        hint = "name it with -f FILE, or write one with: vddkctl init"
        raise VddkctlError("no such file", where=file, hint=hint) from None
    except OSError as error:
        raise VddkctlError(f"cannot be read: {error.strerror}", where=file) from None
    return _decoded(content, file), file, path.resolve().parent


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise VddkctlError("not UTF-8", where=f"{name}:{line}", hint="save the file as UTF-8") from None
