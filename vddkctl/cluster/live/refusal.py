"""What an API server refuses, and why it cannot be reached: in plain words, with what to do."""

from __future__ import annotations

from typing import Any

from msgspec import DecodeError, Struct

from vddkctl.decoding import decoded
from vddkctl.errors import ClusterDeniedError, ClusterError, ClusterUnreachableError

_VERBS = {"GET": "read", "PATCH": "patch", "POST": "create", "DELETE": "delete", "PUT": "update"}
_MOST = 600
"""Characters of a server's own words."""


class Cause(Struct, frozen=True):
    """One of several reasons. For a conflict: ``conflict with "kubectl" using v1`` and the field."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(Struct, frozen=True):
    """More about a refusal."""

    causes: tuple[Cause, ...] = ()


class Status(Struct, frozen=True):
    """The API's own kind of error."""

    reason: str = ""
    message: str = ""
    details: Details | None = None

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Each reason."""
        return self.details.causes if self.details else ()


class LoginRefusedError(ClusterDeniedError):
    """The server does not know this user: that says nothing of what a user may do."""


class RefusedError(ClusterError):
    """A request that the server refused. ``code`` is HTTP's."""

    def __init__(
        self, what: str, *, where: str, hint: str = "", code: int = 0, status: Status | None = None
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.code = code
        self.status = status or Status()

    @staticmethod
    def of(code: int, data: bytes, method: str, path: str, place: str) -> ClusterError:
        """The error for an answer. Rights are an error of their own: they are a person's to give."""
        try:
            status = decoded(data, Status)
        except (DecodeError, UnicodeDecodeError):
            status = Status(message=f"HTTP status {code}")
        said = " ".join(status.message.split())[:_MOST] or status.reason or f"HTTP status {code}"
        what = f"{_VERBS.get(method, method)} {_object(path)}: "
        if code == 401:
            return LoginRefusedError(
                f"{what}the login is not accepted: {said}",
                where=place,
                hint="log in again: the token may have expired",
            )
        if code == 403:
            return ClusterDeniedError(
                what + said, where=place, hint="docs/rbac.md has the rights that vddkctl needs"
            )
        return RefusedError(what + said, where=place, code=code, status=status)


def is_silence(error: Exception) -> bool:
    """Whether nobody answered in time."""
    return "Timeout" in type(error).__name__ or isinstance(_root(error), TimeoutError)


def unreachable(error: Exception, place: str, url: str) -> ClusterError:
    """The error for a server that does not answer."""
    root = _root(error)
    name = type(error).__name__
    if "certificate" in str(root).lower():
        what, hint = (
            f"the certificate is not trusted: {root}",
            "look at certificate-authority in the kubeconfig",
        )
    elif isinstance(root, ConnectionRefusedError):
        what, hint = "the connection is refused", "is the API server running, and is its address right?"
    elif "NameResolution" in name or "gaierror" in type(root).__name__:
        what, hint = "there is no host of that name", "is the network (or the VPN) up?"
    elif is_silence(error):
        what, hint = "it does not answer in time", "is it up, and is the way there open?"
    else:
        what, hint = "the connection breaks off", "run again: what was done is not done twice"
    return ClusterUnreachableError(f"the API server {url} cannot be reached: {what}", where=place, hint=hint)


def _root(error: BaseException) -> BaseException:
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner: Any = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), error.__cause__)
        if inner is None:
            return error
        error = inner
    return error


def _object(path: str) -> str:
    """``providers/x in namespace y`` of a path."""
    parts = path.strip("/").split("/")
    parts = parts[3:] if parts[0] == "apis" else parts[2:]
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        return f"{'/'.join(parts[2:])} in namespace {parts[1]}"
    return "/".join(parts) + (" in all namespaces" if len(parts) == 1 else "")
