"""Debian's own cron, on a spool and with a sendmail of its own: in a private view of the file system, as root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_VIEW = """\
set -e
mount --bind "$1/spool" /var/spool/cron/crontabs
mount --bind "$1/cron.d" /etc/cron.d
mount --bind "$1/crontab" /etc/crontab
mount --bind "$1/sbin" /usr/sbin
mount --bind "$1/run" /run
crontab "$1/line"
exec setpriv --pdeathsig KILL /usr/sbin/cron -f -L 15
"""
_SENDMAIL = """\
#!/bin/sh
cat >"$(mktemp {folder}/mail/XXXXXXXX)"
"""


@dataclass(frozen=True)
class Cron:
    """A daemon at work."""

    folder: Path
    daemon: subprocess.Popen[bytes]

    @property
    def ended(self) -> str | None:
        """Why it is not at work any more, if it is not."""
        return None if self.daemon.poll() is None else (self.folder / "log").read_text()

    @property
    def mails(self) -> list[str]:
        """What it has sent, in no order."""
        return [path.read_text() for path in (self.folder / "mail").iterdir()]


@contextmanager
def cron(folder: Path, crontab: str) -> Iterator[Cron]:
    """Install a crontab with the command of that name, and let the daemon act on it."""
    for name in ("spool", "cron.d", "sbin", "run", "mail"):
        (folder / name).mkdir(parents=True)
    (folder / "crontab").write_text("")
    (folder / "line").write_text(crontab)
    (folder / "spool").chmod(0o1730)
    # cron has the path of sendmail built in; whatever else is in that folder, it does not need.
    (folder / "sbin" / "cron").write_bytes(Path("/usr/sbin/cron").read_bytes())
    (folder / "sbin" / "sendmail").write_text(_SENDMAIL.format(folder=folder))
    for path in (folder / "sbin").iterdir():
        path.chmod(0o755)
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    words = [*as_root, "unshare", "--mount", "sh", "-c", _VIEW, "sh", str(folder)]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            words, stdout=log, stderr=log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        )
        try:
            yield Cron(folder, daemon)
        finally:
            daemon.kill()
            daemon.wait()
