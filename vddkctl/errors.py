"""Every error a person can meet, in one tree.

::

    VddkctlError                 exit code 1 unless the class says otherwise
    ├── UsageError               64: the command line is wrong
    ├── SpecError                the spec has mistakes; carries all of them
    ├── NotSupportedYet          the spec is right, but a part of it is not carried out yet
    ├── ArchiveError             the vendor's archive cannot be used
    ├── BuildError               a container engine, or the folder that it builds in, does not work
    ├── ImageError               an image, a base or a reference is not what it should be
    │   └── PlatformError        an image is for other platforms
    ├── RegistryError            a place where images live did not do what was asked
    │   ├── DeniedError          a registry does not let this user (or anybody) do it
    │   └── UnreachableError     a registry cannot be reached, or breaks off
    ├── TrialError               an image cannot be run here, to see what it does
    ├── ClusterError             a place where settings live did not do what was asked
    │   ├── DamagedRecordError   the record of what was applied is not what was written
    │   ├── ManifestError        a file in a folder of manifests is not what it should be
    │   ├── ClusterDeniedError   an API server does not let this user do it, or does not know the user
    │   ├── ClusterUnreachableError  an API server cannot be reached, or breaks off
    │   └── ConflictError        a field is owned by another manager
    ├── PlanError                the spec and the world do not fit together
    │   └── PlanFileError        a saved plan cannot be read
    ├── StalePlanError           something moved since the plan was made
    ├── LockedError              another run holds the lock
    │   └── LockLostError        this run held it, and does not any more
    └── Interrupted              130: stopped by a signal; what was done is recorded

Each says what happened (``what``), where (``where``: ``file:line:column``, an address, or a URL without
credentials) and what to do next (``hint``).
"""

from __future__ import annotations

from vddkctl.visible import shown


class VddkctlError(Exception):
    """Base of all errors that are meant for the person at the terminal.

    ``what`` is one sentence without a final full stop. ``where`` may be empty. ``hint`` says what to do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """One or two lines, as they are shown: names of other people's objects and files cannot steer a terminal."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return shown(f"{head}\n  {self.hint}" if self.hint else head, lines=True)


class UsageError(VddkctlError):
    """The command line is wrong."""

    exit_code = 64


class NotSupportedYet(VddkctlError):  # noqa: N818 - reads as the sentence it is
    """The spec is valid, but asks for something this version does not carry out."""


class ArchiveError(VddkctlError):
    """The vendor's archive cannot be used: not gzip, truncated, hostile, not what was declared."""


class BuildError(VddkctlError):
    """A container engine did not build what it was asked to, or has no place to do it in."""


class ImageError(VddkctlError):
    """An image, a base or a reference is not what it should be."""


class PlatformError(ImageError):
    """An image is not for the platform that is asked for."""


class RegistryError(VddkctlError):
    """A place where images live could not be read or written."""


class DeniedError(RegistryError):
    """A registry does not let this user, or a client without a login, do what was asked."""


class UnreachableError(RegistryError):
    """A registry cannot be reached, or its answers break off, also when asked again."""


class TrialError(VddkctlError):
    """An image cannot be run here: there is no container engine, or it cannot start anything."""


class ClusterError(VddkctlError):
    """A place where settings live could not be read or written."""


class ManifestError(ClusterError):
    """A file in a folder of manifests is not what it should be."""


class DamagedRecordError(ClusterError):
    """The record of what was applied is not what vddkctl wrote: cut off, edited, merged."""


class ClusterDeniedError(ClusterError):
    """An API server does not let this user do what was asked, or does not accept the login."""


class ClusterUnreachableError(ClusterError):
    """An API server cannot be reached, or its answers break off, also when asked again."""


class ConflictError(ClusterError):
    """A field is owned by another manager, and the policy does not say to take it."""


class PlanError(VddkctlError):
    """The spec and the world do not fit together, or a plan cannot be carried out."""


class PlanFileError(PlanError):
    """A saved plan cannot be read: not JSON, another format, fields that are missing."""


class StalePlanError(VddkctlError):
    """Something a saved plan relies on has moved. ``moved`` names each thing, as ``(address, what)``."""

    def __init__(self, what: str, *, moved: tuple[tuple[str, str], ...], hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.moved = moved

    def __str__(self) -> str:
        """The sentence, then one line for each thing that moved."""
        lines = [self.what, *(f"  {address}: {what}" for address, what in self.moved)]
        return shown("\n".join([*lines, f"  {self.hint}"] if self.hint else lines), lines=True)


class LockedError(VddkctlError):
    """Another run holds the lock of this site."""


class LockLostError(LockedError):
    """The lock of this run expired, or was taken away: another run may be at work, and nothing more is written."""


class Interrupted(VddkctlError):  # noqa: N818 - it is not a mistake
    """A signal ended the run; what was done until then is recorded."""

    exit_code = 130
