"""buildah run with chroot: where no container can be started, as in many containers and sandboxes.

buildah's own isolation by chroot shares the machine's processes and its network, and leaves set-user-ID programs
their rights. So it is run in namespaces made by unshare, without new privileges by setpriv, both of util-linux. The
first process of that namespace takes everything in it along when it ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from vddkctl.errors import TrialError
from vddkctl.verify.trial.engine import UID, Ended, last_lines, signal_of
from vddkctl.verify.trial.process import Done, run
from vddkctl.verify.trial.workshop import Workshop, enter

NAME = "buildah"
NEEDS = ("unshare", "setpriv")
"""Programs that it is run by."""

_CONTAINER = "trial"
_OWN_WORK = 300.0
"""Seconds for what buildah does by itself."""

_ALONE = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "setpriv", "--no-new-privs")

# What buildah itself writes of the program that it ran; without a line break before the next in places.
_OWN = re.compile(r"^(?:subprocess exited (?:with status \d+|on .+)|Error: exit status \d+)$", re.MULTILINE)
_KILLED = re.compile(r"^subprocess exited on (.+)$", re.MULTILINE)
_NO_START = re.compile(
    r"process failed to start with error: (.+?)(?:process exited with error|$)", re.MULTILINE
)
_ENDED = re.compile(r"^Error: exit status \d+$", re.MULTILINE)


class Buildah:
    """See :class:`~vddkctl.verify.trial.engine.Engine`. ``own`` is the image's command, which buildah leaves out."""

    def __init__(
        self, version: str, shop: Workshop, image_id: str, source: str, timeout: float, own: Sequence[str]
    ) -> None:
        self.title = f"{NAME} {version} with chroot"
        self._shop = shop
        self._image = image_id
        self._source = source
        self._timeout = timeout
        self._own = own

    def load(self) -> None:
        """Take it from its source; the ID of what arrives is the digest of the config that was verified."""
        done = self._buildah("pull", "--quiet", self._source)
        if done.code != 0 or done.out.split() != [self._image]:
            raise TrialError(f"{self.title} cannot load the image: {done.last}")
        done = self._buildah("from", "--quiet", "--pull=never", "--name", _CONTAINER, self._image)
        if done.code != 0:
            raise TrialError(f"{self.title} cannot make a container of the image: {done.last}")
        # A volume of the image at /opt gives way to the cluster's folder there; buildah would put it on top.
        done = self._buildah("config", "--volume", "/opt-", "--volume", "/opt/-", _CONTAINER)
        if done.code != 0:
            raise TrialError(f"{self.title} cannot set up a container of the image: {done.last}")

    def start(self, command: Sequence[str] | None, environment: Mapping[str, str]) -> Ended:
        """Run in the one container that there is.

        buildah leaves when the program does, and drops what it has not passed on by then, on a busy machine all of it.
        So a program that fails without a word is asked once more, with another /opt, and so is a ``command`` that says
        nothing. How it ended is told of the first time.
        """
        ended = _ended(self._started(command, environment, self._shop.opt))
        if ended.code is None or ended.lines or ended.refused or (ended.code == 0 and command is None):
            return ended
        again = self._started(command, environment, self._shop.opt if command else self._shop.other_opt)
        told = _ended(again)
        same = (told.code, told.signal) == (ended.code, ended.signal)
        return told if same or _NO_START.search(again.out) else ended

    def _started(self, command: Sequence[str] | None, environment: Mapping[str, str], opt: Path) -> Done:
        words = [*enter(NAME), *_ALONE, NAME, "run", "--isolation", "chroot", "--user", str(UID)]
        words += ["--cap-drop", "all", "--volume", f"{opt}:/opt:Z"]
        words += [f"--env={name}={value}" for name, value in environment.items()]
        words += [_CONTAINER, "--", *(self._own if command is None else command)]
        return run(words, self._shop.environment, self._timeout, merged=True)

    def _buildah(self, *words: str) -> Done:
        return run([NAME, *words], self._shop.environment, _OWN_WORK, folder=self._shop.folder)


def _ended(done: Done) -> Ended:
    lines = last_lines(_OWN.sub("", done.out))
    if done.code is None:
        return Ended(lines=lines)
    refused = _NO_START.search(done.out)
    if refused:
        return Ended(done.code, refused=refused[1].strip(), lines=lines)
    if done.code and not _ENDED.search(done.out):  # buildah itself, or unshare
        return Ended(done.code, refused=done.last, lines=lines)
    killed = _KILLED.search(done.out)
    return Ended(done.code, signal=killed[1] if killed else signal_of(done.code), lines=lines)
