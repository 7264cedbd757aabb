"""Inspection of the vendor's archive: one streaming pass, flat memory, nothing unpacked."""

from vddkctl.build.archive.inspection import Remembered, forget, inspect
from vddkctl.build.archive.platform import check_platform

__all__ = ["Remembered", "check_platform", "forget", "inspect"]
