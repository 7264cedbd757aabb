"""Who does it, and when: for the record and the lock."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import UTC, datetime


def whoami() -> str:
    """``user@host``; the user's number where the name is not known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def today() -> str:
    """The date, in UTC: ``2026-11-20``."""
    return now()[:10]


def now() -> str:
    """The time, as RFC 3339 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
