"""What looks like a secret, in files of any layer and in the config; and what does not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.verify.made import BASE, Layout, as_it_is, failures, file, link, only, said, tar, warnings, zipped
from tests.verify.test_platforms import base_of
from vddkctl.verify import Status
from vddkctl.verify.secret_files import secret_in

# Put together here, so that nobody takes this file for one.
BEGIN, END = b"-----BEGIN ", b"-----END "
BODY = b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n"


def key(kind: bytes = b"", header: bytes = b"") -> bytes:
    return BEGIN + kind + b"PRIVATE KEY-----\n" + header + BODY + END + kind + b"PRIVATE KEY-----\n"


LOGIN = b'{"auths": {"quay.io": {"auth": "dXNlcjpwYXNz"}}}'


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("tls.key", key(), "holds a private key"),
        ("etc/pki/server.pem", b"Bag Attributes\n" + key(b"RSA "), "holds a private key"),
        ("srv/anything", key(b"OPENSSH "), "holds a private key"),
        ("srv/anything", key(b"EC ", b"Proc-Type: 4,ENCRYPTED\n\n"), "holds a private key"),
        ("srv/windows.txt", key().replace(b"\n", b"\r\n"), "holds a private key"),
        ("srv/sa.json", b'{"private_key": "' + key().replace(b"\n", b"\\n") + b'"}', "holds a private key"),
        (".dockercfg", b'{"quay.io": {"auth": "dXNlcjpwYXNz"}}', "is named as a login for registries"),
        ("root/.docker/config.json", LOGIN, "holds a login for registries"),
        ("tmp/x", LOGIN, "holds a login for registries"),
        ("root/.netrc", b"machine x login y password z", "is named as a login"),
        ("root/.pgpass", b"h:5432:*:me:pass", "is named as a login"),
        ("root/.git-credentials", b"https://me:pass@example.com", "is named as a login"),
        ("kubeconfig", b"token: abcdef", "is named as a login for a cluster"),
        ("root/.kube/config", b"password: abcdef", "is named as a login for a cluster"),
        (
            "tmp/x.yaml",
            b"users:\n- user:\n    client-key-data: LS0tLS1CRUdJTg==\n",
            "holds a login for a cluster",
        ),
        ("root/.aws/credentials", b"aws_secret_access_key=" + b"a" * 30, "is named as a login for a cloud"),
        (
            "tmp/aws",
            b"[default]\naws_secret_access_key = " + b"wJalrXUtnFEMI/K7MDEN" * 2 + b"\n",
            "holds a login for a cloud",
        ),
        ("app/service-account.json", b'{"client_secret": "x"}', "is named as a login for a cloud"),
        ("app/.env", b"A=1\nDB_PASSWORD=abc", "is named as a list of settings and passwords"),
        ("etc/krb5.keytab", b"\x05\x02\0", "is named as a store of keys"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_look_like_secrets(
    layout: Layout, archive: Path, name: str, content: bytes, what: str
) -> None:
    layer = zipped(tar(file(name, content)))
    layout.put(zipped(BASE), layer, as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["secrets"]
    check = only(verification, "secrets")
    assert (check.subject, check.message) == (layer.descriptor.digest, f"{name} {what}")
    assert "replace the secret" in check.hint


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("root/.ssh/id_rsa", b"x", "is named as an SSH key"),
        ("usr/share/x/ID_RSA", b"x", "is named as an SSH key"),
        ("run/user/0/containers/auth.json", b'{"auths": {}}', "is named as a login for registries"),
        ("pull-secret.yaml", b"a", "is named as a login for registries"),
        ("root/.kube/config", b"a", "is named as a login for a cluster"),
        ("app/.env", b"A=1", "is named as a list of settings and passwords"),
        ("usr/lib/python3.11/test/certdata/keycert.pem", key(), "holds a private key"),
        ("usr/local/lib/python3.12/test/certdata/a/b.pem", key(b"RSA "), "holds a private key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_alone_and_public_samples_are_warnings(
    layout: Layout, archive: Path, name: str, content: bytes, what: str
) -> None:
    layout.put(zipped(BASE), zipped(tar(file(name, content))), as_it_is(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["secrets"])
    assert only(verification, "secrets", Status.WARN).message == f"{name} {what}"


@pytest.mark.parametrize("name", ["srv/tests/tls.key", "root/usr/lib/test/tls.key"])
def test_a_folder_named_test_makes_no_sample(layout: Layout, archive: Path, name: str) -> None:
    layout.put(zipped(BASE), zipped(tar(file(name, key()))), as_it_is(archive))
    assert failures(layout.verify(archive)) == ["secrets"]


def test_what_the_declared_base_has_is_a_warning(layout: Layout, archive: Path) -> None:
    base = zipped(BASE[:-1024] + tar(file("srv/tls.key", key())))
    layout.put(base, as_it_is(archive))
    assert failures(layout.verify(archive)) == ["secrets"]
    assert failures(layout.verify(archive, base=base_of(zipped(BASE), pinned=False))) == ["secrets"]
    verification = layout.verify(archive, base=base_of(base, pinned=True))
    assert (failures(verification), warnings(verification)) == ([], ["secrets"])
    message = only(verification, "secrets", Status.WARN).message
    assert message == "srv/tls.key holds a private key, as the base has it"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("etc/x", b"\n" * 250_000 + b"x aws_secret_access_key"),
        ("root/.netrc", b"password" + b" " * 250_000),
        ("etc/x", b"-----BEGIN " + b"A " * 120_000 + b"PRIVATE KEY"),
        ("etc/x", (b'"auths":' + b" " * 99) * 2_400),
    ],
    ids=range(4),
)
def test_files_that_are_made_to_be_slow(name: str, text: bytes) -> None:
    """Where the work grows with the square of the size, one of these takes minutes."""
    found = secret_in(name, text)
    assert found is None or not found.sure


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("usr/share/doc/x/serviceaccount.v1.json", b"{}"),
        ("root/.dockerconfigjson", b" {}\n"),
        ("etc/pki/tls/cert.pem", BEGIN + b"CERTIFICATE-----\n" + BODY + END + b"CERTIFICATE-----\n"),
        ("etc/keys/signing.key", BEGIN + b"PUBLIC KEY-----\n" + BODY + END + b"PUBLIC KEY-----\n"),
        ("etc/pki/rpm-gpg/RPM-GPG-KEY", BEGIN + b"PGP PUBLIC KEY BLOCK-----\n" + BODY),
        ("usr/share/doc/howto.txt", b"It starts with " + BEGIN + b"RSA PRIVATE KEY----- and goes on.\n"),
        ("usr/bin/grep-keys", b"grep -q '" + BEGIN + b'PRIVATE KEY-----\' "$1"\n'),
        ("usr/lib/libcrypto.so", b"\x7fELF\0PRIVATE KEY\0ANY PRIVATE KEY\0" + BEGIN + b"\0%s-----\n\0"),
        ("root/.ssh/id_rsa.pub", b"ssh-rsa AAAA"),
        ("root/.ssh/authorized_keys", b"ssh-rsa AAAA"),
        ("root/.netrc", b""),
        ("app/.env.example", b"PASSWORD="),
        ("app/.environment", b"x"),
        ("usr/share/man/containers-auth.json.5", b"auth"),
        ("usr/lib/python3/secrets.py", b"import os"),
        ("etc/passwd", b"root:x:0:0"),
        ("usr/share/doc/npm.md", BEGIN + b"PRIVATE KEY-----\nXXXX\nXXXX\n"),
        ("usr/lib/aws.py", b"aws_secret_access_key = aws_secret_access_key_of(environment)\n"),
        ("etc/docker/config.json", b'{"auths": {}}'),
        ("etc/containers/policy.json", b'{"default": [{"type": "insecureAcceptAnything"}]}'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_do_not(layout: Layout, archive: Path, name: str, content: bytes) -> None:
    layout.put(zipped(BASE), zipped(tar(file(name, content))), as_it_is(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert said(verification, "secrets") == ["no file in any of 3 layers looks like a secret"]


def test_links_of_such_names_are_none(layout: Layout, archive: Path) -> None:
    """Red Hat's bases have links to where a host puts its secrets."""
    layout.put(zipped(BASE), zipped(tar(link("etc/id_rsa", "/run/secrets/id_rsa"))), as_it_is(archive))
    assert failures(layout.verify(archive)) == []


def test_a_secret_that_a_later_layer_hides_is_still_there(layout: Layout, archive: Path) -> None:
    secret, hidden = zipped(tar(file("tmp/key", key()))), zipped(tar(file("tmp/.wh.key", b"")))
    layout.put(zipped(BASE), secret, hidden, as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["secrets"]
    assert only(verification, "secrets").subject == secret.descriptor.digest


def test_a_secret_among_the_vendors_files(layout: Layout, tmp_path: Path) -> None:
    from tests.verify.made import ROOT, vendor_archive

    archive = vendor_archive(tmp_path, lambda items: [*items, file(f"{ROOT}/doc/id_rsa", key())])
    layout.put(zipped(BASE), as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["secrets"]
    assert only(verification, "secrets").message == f"{ROOT}/doc/id_rsa holds a private key"


def test_many_secrets_are_told_in_part(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), zipped(tar(*(file(f"{n}/id_rsa", key()) for n in range(25)))), as_it_is(archive))
    told = said(layout.verify(archive), "secrets", Status.FAIL)
    assert (len(told), told[-1]) == (11, "and 15 more such files")


@pytest.mark.parametrize("algorithm", ["rsa", "ec", "ed25519", "encrypted"])
def test_keys_as_openssl_writes_them(layout: Layout, archive: Path, tmp_path: Path, algorithm: str) -> None:
    openssl = shutil.which("openssl")
    assert openssl
    words = {
        "rsa": ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
        "ec": ["ecparam", "-name", "prime256v1", "-genkey"],
        "ed25519": ["genpkey", "-algorithm", "ED25519"],
        "encrypted": ["genpkey", "-algorithm", "ED25519", "-aes128", "-pass", "pass:x"],
    }[algorithm]
    made = tmp_path / "made"
    subprocess.run([openssl, *words, "-out", made], check=True, capture_output=True)
    layout.put(zipped(BASE), zipped(tar(file("srv/it", made.read_bytes()))), as_it_is(archive))
    assert only(layout.verify(archive), "secrets").message == "srv/it holds a private key"
