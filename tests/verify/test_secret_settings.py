"""What looks like a secret in the config: variables, command and history; and what does not."""

from pathlib import Path
from typing import Any

import pytest

from tests.verify.made import BASE, Layout, as_it_is, failures, only, said, zipped
from vddkctl.oci.config import Config
from vddkctl.oci.platform import Platform
from vddkctl.report.verify_text import verify_json, verify_text
from vddkctl.verify import Status
from vddkctl.verify.secret_settings import secret_settings

VALUE = "hunter2-is-the-value"


@pytest.mark.parametrize(
    ("env", "history", "told"),
    [
        ([f"NPM_TOKEN={VALUE}"], [], "environment variable NPM_TOKEN"),
        ([f"DB_PASSWORD={VALUE}"], [], "environment variable DB_PASSWORD"),
        ([f"dbpasswd={VALUE}"], [], "environment variable dbpasswd"),
        ([f"AWS_SECRET_ACCESS_KEY={VALUE}"], [], "environment variable AWS_SECRET_ACCESS_KEY"),
        ([f"SERVICE_API_KEY={VALUE}"], [], "environment variable SERVICE_API_KEY"),
        ([f"HTTPS_PROXY=http://user:{VALUE}@proxy:3128"], [], "environment variable HTTPS_PROXY"),
        ([], [f"|1 TOKEN={VALUE} /bin/sh -c curl x"], "history line 1: TOKEN"),
        ([], ["FROM x", f"ARG PIP_PASSWORD={VALUE}"], "history line 2: PIP_PASSWORD"),
        ([], [f"RUN login --password={VALUE}"], "history line 1: password"),
        ([], [f"RUN pip install https://me:{VALUE}@pypi.example.com/x"], "history line 1: a login"),
        ([], [f"RUN curl -H 'Authorization: Bearer {VALUE}' x"], "history line 1: a login"),
        ([], [f'ENV SECRET="{VALUE} {VALUE}"'], "history line 1: SECRET"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_that_look_like_secrets(
    layout: Layout, archive: Path, env: list[str], history: list[str], told: str
) -> None:
    document = {"history": [{"created_by": line} for line in history]}
    layout.put(zipped(BASE), as_it_is(archive), Env=["PATH=/bin", *env], document=document)
    verification = layout.verify(archive)
    assert failures(verification) == ["environment"]
    assert only(verification, "environment").message == f"the config shows what looks like a secret: {told}"
    assert VALUE not in verify_text(verification, "x") + repr(verify_json(verification, "x"))


@pytest.mark.parametrize(
    ("env", "history"),
    [
        (["GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568"], []),
        (["TOKEN_FILE=/run/secrets/token", "PASSWORD=", "PASSWORD_MIN_LENGTH=8"], []),
        (["ALLOW_EMPTY_PASSWORD=yes", "TOKENIZERS_PARALLELISM=on", "PWD=/srv"], []),
        (["container=oci", "PS1=$ ", "HOME=/root"], ["/bin/sh -c #(nop) ENV container=oci"]),
        ([], ["RUN --mount=type=secret,id=token cat /run/secrets/token", "ARG TOKEN", "ENV TOKEN=$TOKEN"]),
        ([], ["RUN curl https://example.com:8443/x@y", "RUN test -n ${PASSWORD} && x --password=$PASSWORD"]),
        ([], ["vddkctl: VDDK 8.0.1, archive sha256:" + "0" * 64]),
    ],
)
def test_settings_that_do_not(layout: Layout, archive: Path, env: list[str], history: list[str]) -> None:
    document: dict[str, Any] = {"history": [{"created_by": line} for line in history]}
    layout.put(zipped(BASE), as_it_is(archive), Env=["PATH=/bin", *env], document=document)
    verification = layout.verify(archive)
    assert failures(verification) == []
    assert said(verification, "environment", Status.PASS)


def test_a_config_of_other_forms_than_expected(layout: Layout, archive: Path) -> None:
    odd: Any = {"a": 1}
    layout.put(
        zipped(BASE), as_it_is(archive), Env=odd, Labels=odd, document={"history": [{"created_by": 5}]}
    )
    assert "environment" not in failures(layout.verify(archive))


@pytest.mark.parametrize("text", ["a" * 2_000_000, "a://b:" * 300_000, "x:// " * 400_000, "a='b\"" * 300_000])
def test_settings_that_are_made_to_be_slow(text: str) -> None:
    config = Config(Platform("linux", "amd64"), (), ({"created_by": text},), {"Env": [f"X={text}"]}, {})
    assert secret_settings(config) == []


@pytest.mark.parametrize(
    "words",
    [
        ["sh", "-c", f"curl -u bob:{'hunter2'} x; cp -r /a /opt"],
        ["sh", "-c", "curl https://bob:hunter2@x/; cp -r /a /opt"],
        ["cp", "-r", "https://bob:hunter2@x/", "/opt"],
        ["https://bob:hunter2@x/"],
        ["https://bob:hunter2@x"],
        ["fetch", "--password", "hunter2"],
        ["fetch", "--token=hunter2"],
        ["cp", "-Shttps://bob:hunter2@x"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("where", ["Entrypoint", "Cmd"])
def test_a_password_in_the_command_is_told_and_never_shown(
    layout: Layout, archive: Path, words: list[str], where: str
) -> None:
    runtime: dict[str, Any] = {"Entrypoint": None, "Cmd": None, where: words}
    layout.put(zipped(BASE), as_it_is(archive), **runtime)
    verification = layout.verify(archive)
    assert where.lower() in only(verification, "environment").message
    assert "hunter2" not in verify_text(verification, "x") + repr(verify_json(verification, "x"))
