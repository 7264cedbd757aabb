"""Whether a run says anything new: two runs of one state are told once."""

from __future__ import annotations

import hashlib
import json

from vddkctl.report.files.outcome import BAD, Outcome

WELL = "well"


def state_of(outcome: Outcome) -> str:
    """``well``, or a digest of what was found: not of times, owners and versions, which change without news.

    A plan's state is what it would do, that of an apply or a drift check is what somebody has to look at.
    """
    if outcome.error:
        return _digest(["failed", outcome.error])
    states = {*BAD, "pending"} if outcome.kind == "plan" else BAD
    found = [
        [row.address, row.state, row.note, *([field.name, *field.lines] for field in row.fields)]
        for row in outcome.rows
        if row.state in states
    ]
    return _digest(found) if found else WELL


def is_news(outcome: Outcome, state: str, last: str | None) -> bool:
    """Whether to tell it. ``last`` is the state that was told last, None at the first time: then all well is no news.

    Something that was done always is.
    """
    return outcome.count("done") > 0 or state != (last or WELL)


def _digest(found: object) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(found).encode()).hexdigest()}"
