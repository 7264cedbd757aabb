"""Keys and certificates made on the spot by the ``openssl`` command."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,digitalSignature
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""

NAMES = "IP:127.0.0.1,IP:127.0.0.2,DNS:localhost,DNS:registry.tests"


def openssl(*words: str | Path, input: bytes = b"") -> bytes:
    """What ``openssl`` writes to standard output."""
    done = subprocess.run(
        ["openssl", *map(str, words)],
        input=input,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, f"openssl {' '.join(map(str, words))}: {done.stderr.decode()}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key, each in a PEM file."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority(Certificate):
    """A certificate authority that nobody trusts yet. ``certificate`` is what a ``caFile`` names."""

    folder: Path

    def sign(self, name: str, names: str = NAMES) -> Certificate:
        """A certificate for servers and clients, made once for each name; ``names`` as in ``subjectAltName``."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        if not made.certificate.exists():
            _request(made, name, names, "leaf", "-CA", self.certificate, "-CAkey", self.key)
        return made


def make_authority(folder: Path, name: str = "tests", *, algorithm: str = "ec") -> Authority:
    """A new authority in a folder; ``algorithm`` is ``ec`` (made in 10 ms) or ``rsa`` (half a second)."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Authority(folder / f"{name}.pem", folder / f"{name}.key", folder)
    _request(made, name, NAMES, "ca", algorithm=algorithm)
    return made


def _request(
    made: Certificate, name: str, names: str, part: str, *more: str | Path, algorithm: str = "ec"
) -> None:
    kind = ["rsa:2048"] if algorithm == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    config = made.certificate.with_suffix(".cnf")
    config.write_text(_CONFIG.format(name=name, names=names))
    words = ["req", "-x509", "-days", "2", "-nodes", "-config", config, "-extensions", part, *more]
    openssl(*words, "-newkey", *kind, "-keyout", made.key, "-out", made.certificate)
