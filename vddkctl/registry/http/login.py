"""A login, as it is handed to whoever speaks to a registry."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """A user's name and password, or a token. None of the secrets is ever shown."""

    username: str
    password: str = field(repr=False)
    identity_token: str | None = field(default=None, repr=False)
    """An OAuth2 refresh token, to be changed for an access token: ``identitytoken``, or a helper's ``<token>``."""
    registry_token: str | None = field(default=None, repr=False)
    """A bearer token, sent as it is: ``registrytoken``."""
    source: str = ""
    """Where it comes from, for people: ``~/.docker/config.json``, ``docker-credential-pass (from …)``."""

    @property
    def shown(self) -> str:
        """Whose it is, for people: ``user "robot" (~/.docker/config.json)``."""
        who = f'user "{self.username}"' if self.username else "the token"
        return f"{who} ({self.source})" if self.source else who
