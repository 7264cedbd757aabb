"""What tags name now: each is asked for once, many at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from copy import copy

from vddkctl.errors import VddkctlError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.places import Places
from vddkctl.threads import each, start

_AT_ONCE = 8


class Tags:
    """Answers of one moment. Not for what has to be true when something is written."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._answers: dict[str, Future[Descriptor | VddkctlError | None]] = {}

    def look(self, references: Iterable[Reference]) -> None:
        """Begin to ask for all of these. What fails is told by :meth:`named`."""
        unknown = {
            str(reference): reference for reference in references if str(reference) not in self._answers
        }
        asked: dict[str, Future[Descriptor | VddkctlError | None]] = {name: Future() for name in unknown}
        self._answers |= asked

        def ask(name: str) -> None:
            try:
                asked[name].set_result(self._ask(unknown[name]))
            except BaseException as error:
                asked[name].set_exception(error)

        if unknown:
            start(each, ask, unknown, _AT_ONCE)

    def named(self, reference: Reference) -> Descriptor | None:
        """What a reference names; None when it is not there. Raises the error that was met."""
        self.look([reference])
        answer = self._answers[str(reference)].result()
        if isinstance(answer, VddkctlError):
            raise copy(answer)  # whoever catches it may add to it
        return answer

    def _ask(self, reference: Reference) -> Descriptor | VddkctlError | None:
        try:
            located = self._places.located(reference)
            return self._places.registry(located).resolve(located)
        except VddkctlError as error:
            return error
