"""From an image's part of the spec to the image itself, with nothing pushed yet."""

from __future__ import annotations

from vddkctl.prepare.preparation import Preparation, Prepared

__all__ = ["Preparation", "Prepared"]
