"""What a webhook is told at the end of a run, where that says something new."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vddkctl.cli.output import note, progress

if TYPE_CHECKING:
    from vddkctl.notify.webhook import Webhook
    from vddkctl.report.files.outcome import Outcome


def notified(
    webhook: Webhook,
    result: Outcome,
    about: Sequence[str],
    place: Sequence[str],
    *,
    as_chat: bool,
    hurried: bool,
) -> None:
    """Post the result where it says something new, and remember what was said. Raises VddkctlError.

    ``about`` is what the command line says, ``place`` what the spec says besides: nothing, where it cannot be read. A
    spec that cannot be read has a memory of its own, so that the first run of that command line which can read it again
    is news, whatever was told of its place before.
    """
    from vddkctl.notify.memory import Memory, state_folder
    from vddkctl.notify.webhook import post
    from vddkctl.report.files.json import json_text
    from vddkctl.report.files.slack import slack
    from vddkctl.report.files.state import WELL, is_news, state_of

    folder, whole = (
        state_folder(os.environ),
        (result.kind, str(as_chat), webhook.address, webhook.login, *about),
    )
    blind = Memory(folder, whole)
    memory = Memory(folder, (*whole, *place)) if place else blind
    broken = blind.recall() not in (None, WELL)
    last, state = (blind if broken else memory).recall(), state_of(result)
    if is_news(result, state, last):
        body = json_text(slack(result) if as_chat else result.data).encode(errors="backslashreplace")
        headers = {"X-Vddkctl-Command": result.kind}
        post(webhook, body, headers, os.environ, progress(), hurried=hurried)
    elif state == last:
        return
    try:
        memory.keep(state)
        if broken and memory is not blind:
            blind.keep(WELL)
    except OSError as error:
        note(
            f"What {webhook.shown} was told cannot be remembered ({error.strerror}): it may be told again.\n"
            "  Set XDG_STATE_HOME to a folder that can be written."
        )
