"""Putting a manifest: looked at before each attempt, since a tag may be someone else's by then."""

from __future__ import annotations

from contextlib import suppress

from vddkctl.errors import RegistryError
from vddkctl.oci.digest import is_digest
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import UNCHECKED, Registry, Unchecked
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.patience import AGAIN
from vddkctl.registry.http.refusal import name_of
from vddkctl.registry.moved import moved


class Naming:
    """Puts a manifest where ``reference`` says, so that it names ``digest``."""

    def __init__(self, exchange: Exchange, registry: Registry, reference: Reference, digest: str) -> None:
        self._exchange = exchange
        self._registry = registry
        self._reference = reference
        self._digest = digest

    def put(self, request: Request, expected: str | Unchecked | None) -> None:
        """Send ``request``, which does not repeat itself; again where that helps. Raises RegistryError.

        An answer that is lost, and a refusal of what is there already, are no failures.
        """
        attempt = 1
        while (attempt == 1 and expected is UNCHECKED) or not self._is_done(expected):
            delay, why, error = self._attempt(request, attempt)
            if error is None:
                return
            if delay is None:
                with suppress(RegistryError):
                    if self._now() == self._digest:
                        return
                raise error
            self._exchange.rest(delay, why)
            attempt += 1

    def _is_done(self, expected: str | Unchecked | None) -> bool:
        now = self._now()
        if now != self._digest and expected is not UNCHECKED and now != expected:
            raise moved(self._reference, now)
        return now == self._digest

    def _now(self) -> str | None:
        found = self._registry.resolve(self._reference)
        return found.digest if found else None

    def _attempt(self, request: Request, attempt: int) -> tuple[float | None, str, RegistryError | None]:
        """Seconds to wait until the next attempt (None: there is none), why, and the error; None once it is put."""
        patience, purpose = self._exchange.patience, request.purpose
        try:
            answer = self._exchange.ask(request)
        except Fault as fault:
            return patience.after(fault, attempt), fault.what, fault.error(purpose, self._exchange.host)
        except RegistryError as error:
            return None, "", error
        if answer.status in AGAIN:
            delay = patience.delay(attempt, answer.header("Retry-After"))
            return delay, name_of(answer.status), self._exchange.refusal(purpose, answer)
        answer.close()
        said = answer.header("Docker-Content-Digest")
        if is_digest(said) and said != self._digest:
            raise RegistryError(
                f"the registry calls it {said}, not {self._digest}", where=str(self._reference)
            )
        return None, "", None
