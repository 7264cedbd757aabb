"""A login, as it is handed to whoever speaks to a registry."""

from __future__ import annotations

from msgspec import Struct


class Login(Struct, frozen=True):
    """A user's name and password, or a token. None of the secrets is ever shown."""

    username: str
    password: str
    identity_token: str | None = None
    """An OAuth2 refresh token, to be changed for an access token: ``identitytoken``, or a helper's ``<token>``."""
    registry_token: str | None = None
    """A bearer token, sent as it is: ``registrytoken``."""
    source: str = ""
    """Where it comes from, for people: ``~/.docker/config.json``, ``docker-credential-pass (from …)``."""

    def __repr__(self) -> str:
        """Without the secrets, wherever it may be printed."""
        return f"Login({self.shown})"

    @property
    def shown(self) -> str:
        """Whose it is, for people: ``user "robot" (~/.docker/config.json)``."""
        who = f'user "{self.username}"' if self.username else "the token"
        return f"{who} ({self.source})" if self.source else who
