"""A service and a timer of systemd."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vddkctl.schedule.job import Job, Piece
from vddkctl.schedule.webhook import kept_in

_UNITS = "/etc/systemd/system"
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_PLAIN = re.compile(r"[A-Za-z0-9_@:,./=+%$-]+")

_HARDENED = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077
"""


def systemd(job: Job) -> tuple[Piece, Piece]:
    """The service and its timer. Raises UsageError for times that systemd cannot tell."""
    return _service(job), _timer(job)


def wants_somebody(job: Job) -> bool:
    """Whether a user made up for each run would not do: one who owns nothing, and may not look into homes."""
    return bool(job.writes) or _in_a_home(job)


def _service(job: Job) -> Piece:
    words = [*job.program, *job.words(str(job.spec))]
    lines = [
        "[Unit]",
        f"Description=Drift of {job.site}: VDDK images and settings of Forklift",
        "Wants=network-online.target",
        "After=network-online.target",
        "# Drift (exit code 3) and errors (1) are failures of this service. What is to hear of them:",
        "#OnFailure=mail-to-root@%n.service",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(map(_quoted, words))}",
        f"TimeoutStartSec={job.times.limit}",
        *_account(job),
        f"CacheDirectory={job.name}",
        f"StateDirectory={job.name}",
        f"Environment=XDG_CACHE_HOME=%C/{job.name} XDG_STATE_HOME=%S/{job.name}",
        *_secrets(job),
        *_writes(job),
        f"ProtectHome={'read-only' if _in_a_home(job) else 'yes'}",
    ]
    how = (
        f"{_UNITS}/{job.name}.service",
        "Without drift it writes nothing. What it found: journalctl -u " + job.name,
        *kept_in(job),
    )
    return Piece(f"{job.name}.service", how, "\n".join(lines) + "\n" + _HARDENED)


def _timer(job: Job) -> Piece:
    text = f"""\
[Unit]
Description=Regular look for drift of {job.site}

[Timer]
OnCalendar={job.times.calendar()}
RandomizedDelaySec={job.times.delay}
Persistent=yes

[Install]
WantedBy=timers.target
"""
    how = (
        f"{_UNITS}/{job.name}.timer",
        f"Then: systemctl daemon-reload && systemctl enable --now {job.name}.timer",
    )
    return Piece(f"{job.name}.timer", how, text)


def _account(job: Job) -> Iterator[str]:
    """With a user of its own each time, logins are handed in by systemd, which may read them."""
    if job.user:
        yield f"User={job.user}"
    else:
        yield "# A user of its own for each run, who may read what everyone may, and the files named below."
        yield "DynamicUser=yes"
    for name, value in job.environment.items():
        if job.user:
            yield f"Environment={_quoted(f'{name}={value}')}"
        elif name == "DOCKER_CONFIG":  # a folder, of which one file matters
            yield f"LoadCredential=config.json:{value.replace('%', '%%')}/config.json"
            yield f"Environment={name}=%d"
        else:  # of several kubeconfigs the first one
            yield f"LoadCredential={name}:{value.partition(':')[0].replace('%', '%%')}"
            yield f"Environment={name}=%d/{name}"


def _secrets(job: Job) -> Iterator[str]:
    if job.secrets:  # the manager reads it, who may
        yield f"EnvironmentFile={str(job.secrets).replace('%', '%%')}"


def _writes(job: Job) -> Iterator[str]:
    for folder in job.writes:
        yield f"ReadWritePaths={_quoted(str(folder))}"


def _in_a_home(job: Job) -> bool:
    paths = [job.spec, *map(Path, job.program[:1])]
    paths += map(Path, job.environment.values() if job.user else ())
    return any(path.is_relative_to(home) for path in paths for home in _HOMES)


def _quoted(word: str) -> str:
    """A word as systemd.service(5) reads it."""
    word = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
