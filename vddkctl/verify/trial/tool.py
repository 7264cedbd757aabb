"""The vendor's own tool, started from where the libraries have arrived: the nearest thing to loading them."""

from __future__ import annotations

import os
import re

from vddkctl.oci.platform import ARCHITECTURES
from vddkctl.vddk.archive import ROOT
from vddkctl.verify.check import Check, failed, passed, warned
from vddkctl.verify.interpreter import interpreter
from vddkctl.verify.overlay import Overlay
from vddkctl.verify.trial.engine import Ended, Engine
from vddkctl.verify.trial.words import said

_NAME = "vmware-vdiskmanager"
_PATH = f"{ROOT}/bin64/{_NAME}"
_LIBRARIES = f"/opt/{ROOT}/lib64"

# glibc's loader, then musl's.
_NOT_LOADED = re.compile(
    r"error while loading shared libraries|version `[^']+' not found|symbol lookup error"
    r"|Error loading shared library|Error relocating"
)
_ELSEWHERE = "nothing, if the base is a small one: the libraries are loaded in another container"


def tool_check(engine: Engine, tree: Overlay, image: Overlay, subject: str, timeout: float) -> Check:
    """Start it with ``-h``. What the image's base lacks for it is a warning: nothing but this check runs it there.

    ``tree`` is what has arrived. Raises TrialError.
    """
    tool = tree.find(_PATH)
    if tool is None:
        return warned("tool", subject, f"bin64/{_NAME} has not arrived, and cannot be tried", "")
    program, here = tool.item.program, os.uname().machine
    if program is not None and ARCHITECTURES.get(program.machine) != ARCHITECTURES.get(here):
        return warned("tool", subject, f"{_NAME} is for {program.machine}, this machine is {here}", "")
    loader = interpreter(tool.item.found.head)
    if loader is not None and image.find(loader) is None:
        what = f"{_NAME} is not started: the image has no {loader}, which it needs"
        return warned("tool", subject, what, _ELSEWHERE)
    ended = engine.start([f"/opt/{_PATH}", "-h"], {"LD_LIBRARY_PATH": _LIBRARIES})
    return _judged(ended, subject, timeout)


def _judged(ended: Ended, subject: str, timeout: float) -> Check:
    shown = f"{_NAME} -h"
    if ended.refused:
        return warned("tool", subject, f"{shown} cannot be started: {ended.refused}", _ELSEWHERE)
    if ended.code is None:
        what = f"{shown} had not ended after {timeout:g} s{said(ended.lines, ': ')}"
        return failed("tool", subject, what, "look at the archive, or allow it more time with --timeout")
    if ended.signal:
        what = f"{shown} crashed: {ended.signal}{said(ended.lines, ': ')}"
        return failed(
            "tool", subject, what, "the archive is damaged, or is no VDDK: take it from the vendor again"
        )
    missing = next((line for line in ended.lines if _NOT_LOADED.search(line)), None)
    if missing is not None:
        return warned("tool", subject, f"{shown} cannot be loaded: {said([missing])}", _ELSEWHERE)
    if ended.code and not ended.lines:
        return warned("tool", subject, f"{shown} ended with {ended.code}, and said nothing", _ELSEWHERE)
    code = f"ended with {ended.code}" if ended.code else "runs"
    return passed("tool", subject, f"{shown} {code}{said(ended.lines[:1], ': ')}")
