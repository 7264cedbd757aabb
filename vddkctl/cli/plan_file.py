"""Saved plans on disk: only their owner reads them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from vddkctl.errors import VddkctlError

if TYPE_CHECKING:
    from vddkctl.plan.model import Plan


def save_plan(plan: Plan, file: str) -> None:
    """Write a plan with mode 0600, in one step. Raises VddkctlError."""
    from vddkctl.plan.codec import encode_plan

    path = Path(file)
    try:
        if path.exists() and not path.is_file():  # above all not /dev/stdout, which root could replace
            raise VddkctlError("the plan cannot be saved: this is no file", where=file or '""')
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(encode_plan(plan))
                stream.flush()
                os.fsync(handle)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
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
