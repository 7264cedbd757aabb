"""For one machine: a line for crontab, or a service and a timer for systemd."""

from __future__ import annotations

import shlex

from vddkctl.schedule.task import Task

_HARDENED = """\
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=
UMask=0077"""


def crontab(task: Task, user: str | None) -> str:
    """One line, for ``crontab -e``; with a ``user`` for /etc/cron.d. cron mails what is written, if anything is."""
    lock = f"/tmp/{task.name}-{task.site}.lock"  # noqa: S108 - a lock that holds nothing
    # In a crontab, % ends the command.
    command = f"flock -n {shlex.quote(lock)} {task.shell}".replace("%", r"\%")
    who = f"{user} " if user else ""
    return (
        "# vddkctl: what somebody else changed. Silent when there is nothing; cron mails what is written.\n"
        f"# A run that is still going on keeps the next one out.\n{task.cron} {who}{command}\n"
    )


def systemd(task: Task, every: str) -> str:
    """A service and its timer, each under the name of its file."""
    words = " ".join(map(_word, task.words))
    service = (
        f"[Unit]\nDescription=vddkctl: drift of {task.site}\nWants=network-online.target\nAfter=network-online.target\n"
        "# OnFailure=somebody-is-told@%n.service\n\n"
        f"[Service]\nType=oneshot\nExecStart={words}\n"
        "# Exit code 3 is drift, 1 an error: both make the unit fail, and its lines are in the journal.\n"
        f"CacheDirectory={task.name}\nEnvironment=XDG_CACHE_HOME=%C/{task.name}\n{_HARDENED}\n"
    )
    span = {"m": "min", "h": "h", "d": "d"}[every[-1]]
    timer = (
        f"[Unit]\nDescription=vddkctl: drift of {task.site}, every {every}\n\n"
        f"[Timer]\nOnBootSec=2min\nOnUnitActiveSec={every[:-1]}{span}\nRandomizedDelaySec=60\nPersistent=yes\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    unit = f"{task.name}-{task.site}"
    return f"# /etc/systemd/system/{unit}.service\n{service}\n# /etc/systemd/system/{unit}.timer\n{timer}"


def _word(text: str) -> str:
    """A word of ExecStart: systemd has its own quotes, and % for itself."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(sign in text for sign in " \t'\"\\;") else escaped
