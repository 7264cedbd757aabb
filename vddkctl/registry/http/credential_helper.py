"""Programs that keep logins: docker-credential-pass, -secretservice, -ecr-login, -gcloud and their like.

The protocol is that of github.com/docker/docker-credential-helpers: ``docker-credential-NAME get``, the server on
standard input, ``{"ServerURL", "Username", "Secret"}`` on standard output, where an error's words come too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from vddkctl.errors import RegistryError
from vddkctl.registry.http.auth_files import AuthFile, is_text, value_in
from vddkctl.registry.http.helper_process import Answer, EndlessError, run
from vddkctl.registry.http.login import Login

TIMEOUT = 30.0
"""Seconds that a helper has for its answer: some ask a service far away, others a person for a passphrase."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NONE = b"credentials not found in native keychain"
_TOKEN = "<token>"  # noqa: S105 - stands where the user's name would, and says what the secret is

_MOST_WORDS = 200
_SETTING = re.compile(
    r"((?:secret|passw\w*|token|key|auth|authorization)[\"']?\s*[=:]\s*(?:(?:basic|bearer)\s)?\s*)\S+",
    re.IGNORECASE,
)
_LONG = re.compile(r"[A-Za-z0-9+_=-]{32,}")


class Helper(Struct, frozen=True):
    """A credential helper by its short name; ``key`` of ``file`` asks for it."""

    name: str
    key: str
    file: AuthFile

    @property
    def program(self) -> str:
        """``docker-credential-pass``."""
        return f"docker-credential-{self.name}"

    @property
    def source(self) -> str:
        """Where a login of its comes from, for people."""
        return f"{self.program} (from {self.file.shown})"

    def failed(self, what: str, hint: str) -> RegistryError:
        """The error for a helper that did not do its work."""
        named = f'{self.program}, which "{self.key}" names,'
        return RegistryError(f"{named} {what}", where=str(self.file.path), hint=hint)


def ask(
    helper: Helper, server: str, environment: Mapping[str, str], timeout: float = TIMEOUT
) -> Login | None:
    """The login that a helper keeps for ``server``; None when it keeps none.

    The helper gets ``environment`` and nothing else. Raises RegistryError when it is not on the PATH, gives no answer
    in ``timeout`` seconds, fails, or answers what cannot be understood. Words that look harmless are repeated.
    """
    program = _program(helper, environment)
    hint = f'run {helper.program} by hand, or take "{helper.key}" out of the file and log in again'
    try:
        answer = run([program, "get"], server.encode(errors="replace"), environment, timeout)
    except TimeoutError:
        raise helper.failed(f"gives no answer for {server} in {timeout:g} seconds", hint) from None
    except EndlessError:
        raise helper.failed(f"does not stop answering for {server}", hint) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise helper.failed(f"cannot be run: {reason}", f"look at {program}") from None
    if answer.code != 0:
        if _NONE in answer.out or _NONE in answer.err:
            return None
        words = _harmless(answer)
        ending = f"exit code {answer.code}" if answer.code > 0 else f"signal {-answer.code}"
        raise helper.failed(f"fails for {server} with {ending}{': ' if words else ''}{words}", hint)
    return _login(answer.out, helper, server, hint)


def is_name(name: str) -> bool:
    """Whether it can be a helper's: a plain word."""
    return _NAME.fullmatch(name) is not None


def found(helper: Helper, environment: Mapping[str, str]) -> str | None:
    """The helper's program on the PATH. Not from the folder that one happens to be in: it may be a stranger's."""
    import shutil

    folders = filter(os.path.isabs, environment.get("PATH", "").split(os.pathsep))
    return shutil.which(helper.program, path=os.pathsep.join(folders))


def _program(helper: Helper, environment: Mapping[str, str]) -> str:
    if not is_name(helper.name):
        what = f'"{helper.key}" does not name a credential helper: that is a word such as pass or ecr-login'
        raise helper.file.damaged(what)
    program = found(helper, environment)
    if program is None:
        hint = f'install it, or take "{helper.key}" out of the file and log in again'
        raise helper.failed("is not on the PATH", hint)
    return program


def _login(out: bytes, helper: Helper, server: str, hint: str) -> Login | None:
    """The login in a helper's answer; nothing of what cannot be understood is repeated."""
    strange = helper.failed(f"answers for {server} with something other than a Username and a Secret", hint)
    try:
        answer = json.loads(out)
    except (ValueError, RecursionError):
        raise strange from None
    if not isinstance(answer, dict):
        raise strange
    username, secret = value_in(answer, "Username") or "", value_in(answer, "Secret") or ""
    if not (isinstance(username, str) and isinstance(secret, str) and is_text(username) and is_text(secret)):
        raise strange
    if not username and not secret:
        return None
    if not username or (username == _TOKEN and not secret):
        raise strange
    if username == _TOKEN:
        return Login("", "", identity_token=secret, source=helper.source)
    return Login(username, secret, source=helper.source)


def _harmless(answer: Answer) -> str:
    """What a helper says of its failure, on one line and bounded, without what may be a secret.

    A line of one word may be a password, and a long word a token; an answer as the protocol has it is one for sure.
    """
    said = answer.out + b"\n" + answer.err
    if b'secret"' in said.lower():
        return ""
    lines = (line.strip() for line in said.decode(errors="replace").splitlines())
    words = "; ".join(_without_settings(line for line in lines if " " in line))
    return f"{words[:_MOST_WORDS]}…" if len(words) > _MOST_WORDS else words


def _without_settings(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield _LONG.sub("…", _SETTING.sub(r"\1…", line))
