"""The kinds of text that a spec holds: what each looks like, and what it is called in a message."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct
from pydantic import Field


class Expect(Struct, frozen=True):
    """What a type's right values are called in a message: ``expected {words}, got …``."""

    words: str


Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$"), Expect("one line of text")]
"""Text that is not empty. Paths and names hold no control characters."""

KubeName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"),
    Expect("a Kubernetes name (lower-case letters, digits, - and .)"),
]

SiteName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$"),
    Expect("a name (lower-case letters, digits, - and ., at most 63)"),
]

ImageName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$"),
    Expect("a name (letters, digits, . _ and -)"),
]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Expect("64 hex digits in lower case")]

Tag = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"),
    Expect("a tag (letters, digits, _ . and -, at most 128)"),
]

Date = Annotated[
    str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"), Expect("a date such as 2026-12-31")
]

Url = Annotated[
    str,
    Field(pattern=r"^https?://[^/@\s\x00-\x1f]+(/[^@\s\x00-\x1f]*)?$"),
    Expect("a URL such as https://vcenter.example.com/sdk, without user and password"),
]
