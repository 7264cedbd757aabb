"""``--report`` and ``--notify``: what a run came to, in files and to a webhook."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vddkctl.cli.ending import deafen
from vddkctl.cli.output import note
from vddkctl.cli.streams import flush
from vddkctl.errors import Interrupted, UsageError, VddkctlError

if TYPE_CHECKING:
    from vddkctl.notify.webhook import Webhook
    from vddkctl.plan.explain import Explanation
    from vddkctl.plan.model import Location, Plan
    from vddkctl.report.files.outcome import ChainRow, Kind, Outcome, Row
    from vddkctl.site.model import ClusterSpec
    from vddkctl.vddk.precedence import Level

ENDINGS = (".json", ".html", ".md", ".prom", ".xml")


class Form(StrEnum):
    """What a webhook is sent."""

    JSON = "json"
    SLACK = "slack"


Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write a report: .json, .html, .md, .prom or .xml (JUnit); repeatable.",
    ),
]
Notify = Annotated[
    str | None,
    typer.Option(
        "--notify",
        metavar="URL",
        envvar="VDDKCTL_NOTIFY_URL",
        help="Post the result to this webhook when the state changed since it was last told.",
    ),
]
NotifyForm = Annotated[
    Form, typer.Option("--notify-format", help="The JSON of --output json, or a text for Slack.")
]


def checked(
    reports: Sequence[str] | None, endings: Sequence[str] = ENDINGS, inputs: Sequence[str] = ()
) -> tuple[Path, ...]:
    """The files to write.

    Raises UsageError, before anything is done, for an ending that means nothing, and for a file that is read.
    """
    read = {os.path.realpath(name) for name in inputs}
    for name in reports or ():
        if Path(name).suffix not in endings:
            raise UsageError(
                f"--report {name}: the ending says the form", hint=f"there are: {', '.join(endings)}"
            )
        if os.path.realpath(name) in read:
            raise UsageError(f"--report {name}: that file is read by this run", hint="name another one")
    return tuple(map(Path, reports or ()))


class Telling:
    """Where the end of a run is told, besides the terminal.

    ``read`` is the file that says what to look at, ``scope`` the part of it: two that look at different parts, or
    places, do not share a state.
    """

    def __init__(
        self,
        kind: Kind,
        files: tuple[Path, ...] = (),
        webhook: Webhook | None = None,
        form: Form = Form.JSON,
        read: str = "",
        scope: Sequence[str] = (),
    ) -> None:
        self.site = ""
        self.files = files
        self._kind = kind
        self._webhook = webhook
        self._form = form
        self._read = "-" if read == "-" else os.path.abspath(read)  # noqa: PTH100 - links stay: they may move
        self._scope = scope
        self._place: tuple[str, ...] = ()
        self._outcome: Outcome | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self.files or self._webhook)

    def looks_at(self, site: str, cluster: ClusterSpec | Location) -> None:
        """What the run is about, as soon as that is known."""
        self.site = site
        self._place = (site, *(str(part) for part in (cluster.manifests, cluster.context, cluster.namespace)))

    def tell(self, made: Callable[[], Outcome]) -> None:
        """Write every file, each in one step, and keep the outcome for the webhook."""
        if not self.wanted:
            return
        self._outcome = made()
        for path in self.files:
            write(path, _content(path.suffix, self._outcome))

    @contextmanager
    def of_run(self) -> Iterator[None]:
        """What happens inside is the run: when it fails, that is told; at its end the webhook is.

        The webhook comes last, behind what goes to standard output: it can take its time.
        """
        try:
            yield
        except (KeyboardInterrupt, Interrupted):
            deafen()
            self._fail(Interrupted("the run was interrupted: it did not come to its end"))
            self._notify(hurried=True)
            raise
        except VddkctlError as error:
            self._fail(error)
            self._notify()
            raise
        except BrokenPipeError:
            self._fail(VddkctlError("the reader of standard output left before the run came to its end"))
            self._notify()
            raise
        except Exception as error:
            self._fail(VddkctlError(f"this is a mistake in vddkctl: {type(error).__name__}: {error}"))
            self._notify()
            raise
        else:
            try:
                flush()
            finally:
                self._notify()

    def _fail(self, error: VddkctlError) -> None:
        if self._outcome is None:
            from vddkctl.cli.failing import failed, site_of

            self.tell(lambda: failed(self._kind, self.site or site_of(error, self.files), error))

    def _notify(self, *, hurried: bool = False) -> None:
        if self._webhook is None or self._outcome is None:
            return
        try:
            from vddkctl.cli.notifying import notified

            about = (self._read, os.environ.get("KUBECONFIG", ""), *self._scope)
            chat = self._form is Form.SLACK
            notified(self._webhook, self._outcome, about, self._place, as_chat=chat, hurried=hurried)
        except VddkctlError as error:
            note(f"Error: {error}\n  The result of the run stands; the next run tries again.")


def telling(
    kind: Kind,
    reports: Sequence[str] | None,
    notify: str | None,
    form: Form,
    *,
    inputs: Sequence[str],
    scope: Sequence[str] = (),
) -> Telling:
    """Where to tell of a run; the first of ``inputs`` says what it looks at.

    Raises UsageError for what cannot be, before anything is done.
    """
    files = checked(reports, inputs=inputs)
    if not notify:
        return Telling(kind, files)
    from vddkctl.notify.webhook import timeout_of, webhook_at

    timeout_of(os.environ)
    return Telling(kind, files, webhook_at(notify), form, inputs[0], scope)


def outcome(
    kind: Kind,
    plan: Plan,
    headline: str,
    rows: Sequence[Row],
    data: Mapping[str, Any],
    chains: Sequence[Explanation] = (),
) -> Outcome:
    """What all files are written from."""
    from vddkctl.apply.identity import now
    from vddkctl.report.files.outcome import Outcome

    at = plan.location
    place = ", ".join(
        filter(None, (at.manifests or at.context, at.namespace and f"namespace {at.namespace}"))
    )
    explained = tuple(_chain(each, plan.tags) for each in chains)
    return Outcome(
        kind, plan.site, place, now(), int(time.time()), plan.tool, headline, tuple(rows), plan.warnings,
        explained, data,
    )  # fmt: skip


def write(path: Path, content: str) -> None:
    """Write a report in one step. One that cannot be written is told; the run's result stands.

    A file that is there keeps its mode. New metrics are for everyone, whatever the umask: the collector is
    another user.
    """
    from vddkctl.atomic import replacing, write_all

    target = Path(os.path.realpath(path))  # a link stays one
    try:
        if target.exists() and not target.is_file():
            raise VddkctlError(f"the report {path} cannot be written: it is no file")
        fixed = 0o644 if path.suffix == ".prom" else None
        if target.exists():
            fixed = target.stat().st_mode & 0o777
        with replacing(target, mode=0o644 if fixed is None else fixed & 0o644) as handle:
            if fixed is not None:
                with contextlib.suppress(PermissionError):  # a file system without modes
                    os.fchmod(handle, fixed)
            write_all(handle, content.encode(errors="backslashreplace"))
    except OSError as error:
        note(f"Error: the report {path} cannot be written: {error.strerror}; the result of the run stands.")
    except VddkctlError as error:
        note(f"Error: {error}; the result of the run stands.")


def _content(ending: str, result: Outcome) -> str:
    if ending == ".json":
        from vddkctl.report.files.json import json_text

        return json_text(result.data)
    if ending == ".html":
        from vddkctl.report.files.html import html

        return html(result)
    if ending == ".md":
        from vddkctl.report.files.markdown import markdown

        return markdown(result)
    if ending == ".prom":
        from vddkctl.report.files.prometheus import prometheus

        return prometheus(result)
    from vddkctl.report.files.junit import junit

    return junit(result)


def _chain(explained: Explanation, tags: Mapping[str, str]) -> ChainRow:
    from vddkctl.report.files.outcome import ChainRow
    from vddkctl.report.words import reference

    def levels(found: Sequence[Level]) -> tuple[tuple[str, str, bool], ...]:
        return tuple(
            (f"{each.name} {each.field}", reference(each.value or "", tags), each.wins) for each in found
        )

    now, then = levels(explained.now), levels(explained.then)
    return ChainRow(explained.address, now, then if then != now else ())
