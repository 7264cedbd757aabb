"""Starts an image as Forklift and CDI do, and looks at what it leaves behind: the only check that runs anything."""

from __future__ import annotations

from vddkctl.verify.trial.trial import Trial

__all__ = ["Trial"]
