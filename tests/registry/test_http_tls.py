"""TLS: whom the client believes, what it shows, and which key of the spec mends it when it does not work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.registry.clients import client, image_of, reference_in
from tests.support.certificates import Certificate, make_authority, openssl
from tests.support.fault_proxy import faults
from tests.support.faults import BLOBS, Answer, Redirect
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import DeniedError, RegistryError, UnreachableError
from vddkctl.progress import Silent
from vddkctl.registry.http.hosts import Hosts
from vddkctl.registry.push import push
from vddkctl.site.model import RegistrySettings

CURVE = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def resolve(place: RunningRegistry, **access: object) -> None:
    assert client(place, **access).resolve(reference_in(place, "nothing/here")) is None  # type: ignore[arg-type]


def refused(place: RunningRegistry, kind: type[RegistryError] = UnreachableError, **access: object) -> str:
    """What is said after ``cannot read the tag 1: ``."""
    with pytest.raises(RegistryError) as caught:
        resolve(place, **access)
    assert type(caught.value) is kind
    return str(caught.value).removeprefix(f"{place.host}/nothing/here:1: cannot read the tag 1: ")


# --- the registry's certificate -----------------------------------------------------------------------------------


def test_an_authority_that_is_named_is_believed(tls_registry: RunningRegistry) -> None:
    resolve(tls_registry)


def test_an_authority_that_nobody_knows(tls_registry: RunningRegistry) -> None:
    host = tls_registry.host
    assert refused(tls_registry, ca_file=None) == (
        f"{host}: its certificate is not trusted (unable to get local issuer certificate)\n"
        f"  name the authority that signed it with registries.{host}.caFile (or --ca-file)"
    )


def test_an_authority_that_signed_something_else(tls_registry: RunningRegistry, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other", "others")
    assert "its certificate is not trusted" in refused(tls_registry, ca_file=other.certificate)


def test_a_registry_that_signed_its_certificate_itself(tls_registry: RunningRegistry, tmp_path: Path) -> None:
    alone = Certificate(tmp_path / "certificate", tmp_path / "key")
    names = ("-subj", "/CN=alone", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    files = ("-keyout", alone.key, "-out", alone.certificate)
    openssl("req", "-x509", "-newkey", *CURVE, "-nodes", *names, *files)
    with faults(replace(tls_registry, server=alone)) as proxy:
        assert "its certificate is not trusted (self-signed certificate)" in refused(
            proxy.front, ca_file=None
        )
        resolve(proxy.front, ca_file=alone.certificate)


def test_any_certificate_will_do_when_nobody_looks(tls_registry: RunningRegistry, tmp_path: Path) -> None:
    resolve(tls_registry, ca_file=None, verify=False)
    other = make_authority(tmp_path / "ca").sign("other", "DNS:elsewhere.tests")
    with faults(replace(tls_registry, server=other)) as proxy:
        resolve(proxy.front, verify=False)


@pytest.mark.parametrize("names", ["DNS:elsewhere.tests", "IP:127.0.0.9"])
def test_a_certificate_for_another_host(tls_registry: RunningRegistry, tmp_path: Path, names: str) -> None:
    authority = make_authority(tmp_path / "ca")
    with faults(replace(tls_registry, server=authority.sign("other", names))) as proxy:
        assert refused(proxy.front, ca_file=authority.certificate) == (
            f"{proxy.host}: its certificate is for another host\n  use the name that it is for"
        )


def test_a_certificate_that_has_expired(tls_registry: RunningRegistry, tmp_path: Path) -> None:
    authority = make_authority(tmp_path / "ca")
    key, request, certificate, names = (
        tmp_path / name for name in ("key", "request", "certificate", "names")
    )
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-new", "-newkey", *CURVE, "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=late")
    signed = ("-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial", "-extfile", names)
    openssl("x509", "-req", "-in", request, *signed, "-days", "-1", "-out", certificate)
    with faults(replace(tls_registry, server=Certificate(certificate, key))) as proxy:
        assert refused(proxy.front, ca_file=authority.certificate) == (
            f"{proxy.host}: its certificate has expired\n  renew it, or set the clock of this machine"
        )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such file"),
        (b"", "it is not what it should be, in PEM"),
        (b"not a certificate", "it is not what it should be, in PEM"),
        (
            b"-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n",
            "it is not what it should be, in PEM",
        ),
        ("a folder", "is a directory"),
    ],
)
def test_a_file_of_authorities_that_is_none(
    tls_registry: RunningRegistry, tmp_path: Path, content: bytes | str | None, reason: str
) -> None:
    path, host = tmp_path / "ca.pem", tls_registry.host
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    with pytest.raises(RegistryError) as caught:
        resolve(tls_registry, ca_file=path)
    assert str(caught.value) == (
        f"{path}: the caFile of {host} cannot be used: {reason}\n  see registries.{host}.caFile in the spec"
    )


# --- the client's certificate -------------------------------------------------------------------------------------


def test_a_registry_that_wants_a_certificate_gets_it(mutual_tls_registry: RunningRegistry) -> None:
    resolve(mutual_tls_registry)


def test_a_certificate_that_is_wanted_and_not_there(mutual_tls_registry: RunningRegistry) -> None:
    host = mutual_tls_registry.host
    said = refused(mutual_tls_registry, DeniedError, certificate_file=None, key_file=None)
    assert said == (
        f"{host}: it wants a client certificate, or another one\n"
        f"  set registries.{host}.clientCertificateFile and clientKeyFile"
    )


def test_a_certificate_that_the_registry_does_not_take(
    mutual_tls_registry: RunningRegistry, tmp_path: Path
) -> None:
    other = make_authority(tmp_path / "other", "others").sign("client")
    said = refused(mutual_tls_registry, DeniedError, certificate_file=other.certificate, key_file=other.key)
    assert "it wants a client certificate, or another one" in said


def test_a_push_with_a_certificate_that_is_missing(
    mutual_tls_registry: RunningRegistry, repository: str
) -> None:
    registry = client(mutual_tls_registry, certificate_file=None, key_file=None)
    with pytest.raises(DeniedError, match="cannot look for sha256:"):
        push(registry, reference_in(mutual_tls_registry, repository), image_of(b"x" * 1_000_000), Silent())


def test_a_client_without_a_login_shows_no_certificate(
    mutual_tls_registry: RunningRegistry, tmp_path: Path
) -> None:
    shown = mutual_tls_registry.client
    assert shown
    settings = {
        "caFile": str(mutual_tls_registry.ca),
        "clientCertificateFile": str(shown.certificate),
        "clientKeyFile": str(shown.key),
    }
    host = mutual_tls_registry.host
    hosts = Hosts({host: RegistrySettings.model_validate(settings)}, Path, {}, Silent())
    reference = reference_in(mutual_tls_registry, "nothing/here")
    assert hosts.registry(host).readable(reference) is True
    assert hosts.registry(host, anonymous=True).readable(reference) is False


def test_a_certificate_is_shown_to_its_registry_alone(
    mutual_tls_registry: RunningRegistry, repository: str
) -> None:
    """A storage elsewhere that wants one, too."""
    with faults(mutual_tls_registry, address="127.0.0.2", all_happen=False) as storage:
        script = Redirect("GET", BLOBS, to=storage.url)
        with faults(mutual_tls_registry, script) as proxy:
            image, reference = image_of(b"x"), reference_in(proxy.front, repository)
            registry = client(proxy.front)
            push(registry, reference, image, Silent())
            with pytest.raises(DeniedError, match=f"{storage.host}: it wants a client certificate"):
                registry.open_blob(reference, image.blobs[0].descriptor)


def test_the_certificate_is_not_shown_to_an_issuer_elsewhere(mutual_tls_registry: RunningRegistry) -> None:
    realm = f"https://localhost:{mutual_tls_registry.host.partition(':')[2]}/token"
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    with faults(mutual_tls_registry, Answer("", "", status=401, headers=challenge)) as proxy:
        said = refused(proxy.front, DeniedError)
    assert "localhost" in said
    assert "it wants a client certificate" in said


@pytest.mark.parametrize(
    ("certificate", "key", "blamed", "reason"),
    [
        ("gone", "key", "clientCertificateFile", "there is no such file"),
        ("text", "key", "clientCertificateFile", "it is not what it should be, in PEM"),
        ("key", "key", "clientCertificateFile", "it is not what it should be, in PEM"),
        ("certificate", "gone", "clientKeyFile", "there is no such file"),
        ("certificate", "text", "clientKeyFile", "it is not what it should be, in PEM"),
        ("certificate", "certificate", "clientKeyFile", "it is not what it should be, in PEM"),
        ("certificate", "other key", "clientKeyFile", "it is not the key of the clientCertificateFile"),
        ("certificate", "locked", "clientKeyFile", "it has a passphrase, which nobody could be asked for"),
    ],
)
def test_files_that_are_none(
    mutual_tls_registry: RunningRegistry, tmp_path: Path, certificate: str, key: str, blamed: str, reason: str
) -> None:
    own = mutual_tls_registry.client
    assert own
    other = make_authority(tmp_path / "other").sign("client")
    paths = {"certificate": own.certificate, "key": own.key, "other key": other.key}
    paths |= {name: tmp_path / name for name in ("gone", "text", "locked")}
    paths["text"].write_text("not PEM")
    openssl("ec", "-aes128", "-passout", "pass:secret", "-in", own.key, "-out", paths["locked"])
    with pytest.raises(RegistryError) as caught:
        resolve(mutual_tls_registry, certificate_file=paths[certificate], key_file=paths[key])
    host = mutual_tls_registry.host
    file = paths[certificate] if blamed == "clientCertificateFile" else paths[key]
    assert str(caught.value) == (
        f"{file}: the {blamed} of {host} cannot be used: {reason}\n  see registries.{host}.{blamed} in the spec"
    )


def test_certificate_and_key_may_be_in_one_file(mutual_tls_registry: RunningRegistry, tmp_path: Path) -> None:
    own, both = mutual_tls_registry.client, tmp_path / "both.pem"
    assert own
    both.write_bytes(own.certificate.read_bytes() + own.key.read_bytes())
    resolve(mutual_tls_registry, certificate_file=both, key_file=both)


# --- with TLS, or without -----------------------------------------------------------------------------------------


def test_tls_spoken_to_a_registry_without(plain_registry: RunningRegistry) -> None:
    host = plain_registry.host
    assert refused(plain_registry, scheme="https") == (
        f"{host}: it does not speak TLS\n  for a registry without TLS set registries.{host}.tls: plain-http "
        f"(or give --plain-http {host})"
    )


def test_plain_words_spoken_to_a_registry_with_tls(tls_registry: RunningRegistry) -> None:
    host = tls_registry.host
    reference = reference_in(tls_registry, "nothing/here")
    with pytest.raises(RegistryError) as caught:
        client(tls_registry, scheme="http").manifest(reference, f"sha256:{'0' * 64}")
    assert str(caught.value).endswith(
        f"400 Bad Request (Client sent an HTTP request to an HTTPS server.)\n  set registries.{host}.tls: verify, or its caFile "
        "(--ca-file)"
    )
    said = refused(tls_registry, RegistryError, scheme="http")  # a HEAD says no more
    assert said.endswith(
        f"400 Bad Request\n  if it speaks TLS, set registries.{host}.tls: verify, or its caFile (--ca-file)"
    )
