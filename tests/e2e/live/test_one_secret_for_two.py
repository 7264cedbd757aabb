"""Two parts of a spec that would write one Secret, each with a login of its own: neither is lost without a word."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace

import pytest

from tests.support.live_sites import MERGE, LiveSite

CORE = "/api/v1"


def provider(name: str, password: str, url: str = "") -> str:
    return f"""\
  {name}:
    create:
      url: {url or f"https://{name}.example.com/sdk"}
      credentials: {{username: {{env: VC_USER}}, password: {{file: {password}}}}}
      insecureSkipVerify: true
"""


@pytest.fixture
def sharing(site: LiveSite) -> LiveSite:
    """The Secret of a provider that was created is also named by another provider that is there."""
    (site.root / "first").write_text("AAAA1111\n")
    (site.root / "second").write_text("BBBB2222\n")
    ready = replace(site, environment={"VC_USER": "admin"})
    ready.write("providers:\n" + provider("new", "first"))
    ended = ready.apply()
    assert ended.code == 0, ended.err
    ref = {"name": "new-credentials", "namespace": site.namespace}
    ready.patch("providers", "test", {"spec": {"secret": ref}}, kind=MERGE)
    return ready


def password(site: LiveSite) -> str:
    found = site.get("secrets", "new-credentials", group=CORE)
    return b64decode(found["data"]["password"]).decode()


@pytest.mark.parametrize("words", [[], ["--target", "provider.*/new"], ["--target", "secret.*"]])
def test_a_second_login_is_a_mistake_with_its_place(sharing: LiveSite, words: list[str]) -> None:
    sharing.write("providers:\n" + provider("new", "first") + provider("test", "second"))
    ended = sharing.apply("--take", "*", *words)
    assert ended.code == 1
    assert "site.yaml:12:5" in ended.err
    assert f"the Secret {sharing.namespace}/new-credentials is to hold another login as well" in ended.err
    assert "that of providers.new (at 7:5)" in ended.err
    assert ended.err.count("is to hold another login") == 1
    assert password(sharing) == "AAAA1111"


def test_one_and_the_same_login_is_none(sharing: LiveSite) -> None:
    url = "https://new.example.com/sdk"
    sharing.write("providers:\n" + provider("new", "first") + provider("test", "first", url))
    ended = sharing.apply("--take", "*")
    assert ended.code == 0, ended.err
    assert password(sharing) == "AAAA1111"


def pull(site: LiveSite, name: str) -> str:
    said = f"{{registry: r.example.com, namespaces: [{site.namespace}], serviceAccounts: []}}"
    return f"pullSecrets:\n  {name}: {said}\n"


def test_a_pull_secret_of_the_same_name_is_a_mistake(sharing: LiveSite) -> None:
    sharing.write("providers:\n" + provider("new", "first") + pull(sharing, "new-credentials"))
    ended = sharing.run("validate")
    assert ended.code == 1
    assert "site.yaml:12:3" in ended.err
    assert "this is the Secret of the provider new, which is created" in ended.err


def test_a_pull_secret_that_a_provider_uses_is_a_mistake(sharing: LiveSite) -> None:
    ref = {"name": "old-login", "namespace": sharing.namespace}
    sharing.patch("providers", "test", {"spec": {"secret": ref}}, kind=MERGE)
    sharing.write("providers:\n" + provider("test", "second") + pull(sharing, "old-login"))
    assert sharing.run("validate").code == 0
    ended = sharing.run("plan")
    assert ended.code == 1
    assert "site.yaml:12:3" in ended.err
    assert "that of providers.test (at 7:5): one would overwrite the other; give the pull secret" in ended.err
