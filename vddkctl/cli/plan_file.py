"""Saved plans on disk: only their owner reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vddkctl.errors import VddkctlError

if TYPE_CHECKING:
    from vddkctl.plan.model import Plan


def save_plan(plan: Plan, file: str) -> None:
    """Write a plan with mode 0600, in one step. Raises VddkctlError."""
    from vddkctl.atomic import replacing, write_all
    from vddkctl.plan.codec import encode_plan

    path = Path(file)
    try:
        if path.exists() and not path.is_file():  # above all not /dev/stdout, which root could replace
            raise VddkctlError("the plan cannot be saved: this is no file", where=file or '""')
        with replacing(path, mode=0o600) as handle:
            write_all(handle, encode_plan(plan))
    except OSError as error:
        raise VddkctlError(f"the plan cannot be saved: {error.strerror}", where=file) from None


def read_plan(file: str) -> Plan:
    """Read a saved plan. Raises VddkctlError when there is none, PlanFileError when it is not one."""
    from vddkctl.plan.codec import decode_plan

    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise VddkctlError(f"the plan cannot be read: {error.strerror}", where=file) from None
    return decode_plan(content, file)
