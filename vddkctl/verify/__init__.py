"""Proves, from the registry's own bytes, what a pushed image holds and that it will work."""

from __future__ import annotations

from vddkctl.verify.check import Check, Status, Verification
from vddkctl.verify.expected import Expected, ExpectedBase, LocalArchive
from vddkctl.verify.run import verify
from vddkctl.verify.trial import Trial

__all__ = [
    "Check",
    "Expected",
    "ExpectedBase",
    "LocalArchive",
    "Status",
    "Trial",
    "Verification",
    "verify",
]
