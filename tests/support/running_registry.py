"""A real registry that runs: where it is, what it was asked, and what is in its storage."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.certificates import Certificate
from tests.support.issuer import Issuer

_ACCESS = re.compile(
    r'^[^"]*\] "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[0-9.]+" (?P<status>\d+) ', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the access log."""

    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class RunningRegistry:
    """A registry that answers."""

    host: str
    """``127.0.0.1:PORT``, as in a reference."""
    root: Path
    """Its storage."""
    log: Path
    """The access log; what else it says is beside it, in ``registry.err``."""
    ca: Path | None = None
    """The authority to trust; ``None`` for plain HTTP."""
    server: Certificate | None = field(default=None, repr=False)
    client: Certificate | None = None
    """The client certificate that it demands."""
    username: str = ""
    password: str = field(default="", repr=False)
    issuer: Issuer | None = field(default=None, repr=False)
    """Who gives tokens for it."""

    @property
    def url(self) -> str:
        """``http://…`` or ``https://…``, without a slash at the end."""
        return f"http{'s' if self.ca else ''}://{self.host}"

    @property
    def basic(self) -> str:
        """The ``Authorization`` header for its user, or ``""``."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}" if self.username else ""

    @property
    def tokens(self) -> Issuer:
        """The issuer of a registry that wants tokens."""
        assert self.issuer, f"{self.host} wants no tokens"
        return self.issuer

    def requests(self, method: str = "", path: str = "") -> list[Request]:
        """The access log: of this method and with this pattern somewhere in the path.

        A line is written when a request has ended, a moment after its answer. To count exactly, put a
        proxy between (:mod:`tests.support.fault_proxy`).
        """
        found = (
            Request(m["method"], m["path"], int(m["status"])) for m in _ACCESS.finditer(self.log.read_text())
        )
        return [one for one in found if method in ("", one.method) and re.search(path, one.path)]

    def tags(self, repository: str) -> dict[str, str]:
        """The tags in the storage, each with the digest that it leads to."""
        folder = self._repositories / repository / "_manifests" / "tags"
        links = sorted(folder.glob("*/current/link")) if folder.exists() else []
        return {link.parent.parent.name: link.read_text() for link in links}

    def manifests(self, repository: str) -> set[str]:
        """The digests of all manifests of a repository in the storage, tagged or not."""
        folder = self._repositories / repository / "_manifests" / "revisions" / "sha256"
        return {f"sha256:{link.parent.name}" for link in folder.glob("*/link")}

    def layers(self, repository: str) -> set[str]:
        """The digests of all blobs that the storage links to a repository."""
        folder = self._repositories / repository / "_layers" / "sha256"
        return {f"sha256:{link.parent.name}" for link in folder.glob("*/link")}

    def blob(self, digest: str) -> Path:
        """The file in which the storage keeps a blob or manifest. Other bytes in it make the registry a liar."""
        hexadecimal = digest.partition(":")[2]
        return self.root / "docker/registry/v2/blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"

    @property
    def _repositories(self) -> Path:
        return self.root / "docker/registry/v2/repositories"
