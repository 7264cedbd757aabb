from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.registry.login_files import Home, encoded, user
from vddkctl.errors import RegistryError
from vddkctl.registry.http.auth_entries import login_in, matching
from vddkctl.registry.http.auth_files import AuthFile, auth_files
from vddkctl.registry.http.credentials import Login

HOST = "harbor.company.com"
FILE = AuthFile(Path("/home/u/.docker/config.json"), "~/.docker/config.json")
RENEW = "mend it, or move it away and log in again, as with: podman login HOST"


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all examples of a property, with a helper ``x`` that keeps nothing."""
    own = Home(tmp_path_factory.mktemp("home"))
    own.store("x")
    return own.root


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


def auths(**entries: str) -> dict[str, Any]:
    """``auths`` with users by key, in which dots are written as ``_``."""
    return {"auths": {key.replace("_", "."): user(name) for key, name in entries.items()}}


def message(own: Home, host: str = HOST) -> str:
    with pytest.raises(RegistryError) as raised:
        own.login(host)
    return str(raised.value)


def test_nothing_anywhere_is_no_login(own: Home) -> None:
    assert own.login(HOST) is None


def test_the_first_file_with_a_login_wins(own: Home) -> None:
    named = own.root / "named.json"
    places = [(own.docker, "docker"), (own.config, "config"), (own.run, "run"), (named, "named")]
    for path, name in places[:-1]:
        own.write(path, auths(harbor_company_com=name))
        assert own.user(HOST) == name
    own.write(named, auths(harbor_company_com="named"))
    assert own.set(REGISTRY_AUTH_FILE=named).user(HOST) == "named"


def test_a_file_without_a_login_for_the_registry_is_passed_by(own: Home) -> None:
    named = own.write(own.root / "named.json", auths(quay_io="other"))
    own.write(own.run, "{}")
    own.write(own.config, "\n")
    own.write(own.docker, auths(harbor_company_com="docker"))
    assert own.set(REGISTRY_AUTH_FILE=named).user(HOST) == "docker"


def test_where_the_files_are_comes_from_the_environment(tmp_path: Path) -> None:
    def paths(**environment: str) -> list[str]:
        return [str(file.path) for file in auth_files(environment)]

    assert paths(HOME="/home/u") == [
        f"/run/containers/{os.getuid()}/auth.json",
        "/home/u/.config/containers/auth.json",
        "/home/u/.docker/config.json",
    ]
    everything = {
        "HOME": "/home/u",
        "REGISTRY_AUTH_FILE": "/a.json",
        "XDG_RUNTIME_DIR": "/run/user/7",
        "XDG_CONFIG_HOME": "/c",
        "DOCKER_CONFIG": "/d",
    }
    assert paths(**everything) == [
        "/a.json",
        "/run/user/7/containers/auth.json",
        "/c/containers/auth.json",
        "/d/config.json",
    ]
    assert paths(**dict.fromkeys(everything, "") | {"HOME": "/home/u"}) == paths(HOME="/home/u")


def test_the_source_is_shown_below_the_home_folder(own: Home) -> None:
    own.write(own.docker, auths(harbor_company_com="u"))
    found = own.login(HOST)
    assert found is not None
    assert found.source == "~/.docker/config.json"
    assert [file.shown for file in auth_files({"HOME": "/", "XDG_RUNTIME_DIR": "/run"})] == [
        "/run/containers/auth.json",
        "/.config/containers/auth.json",
        "/.docker/config.json",
    ]


def test_a_login_hides_its_secrets() -> None:
    login = Login("u", "hunter2", identity_token="it-token", registry_token="rt-token", source="~/a")
    assert repr(login) == 'Login(user "u" (~/a))'


@pytest.mark.parametrize(
    ("host", "repository", "best_first"),
    [
        ("h.io", "a/b/c", ["h.io/a/b/c", "h.io/a/b", "h.io/a", "h.io", "h.io/v1/", "https://h.io/v1/"]),
        ("h.io", "a/bc", ["h.io/a", "h.io", "h.io/v1/", "https://h.io/v1/"]),
        ("h.io", "", ["h.io", "h.io/v1/", "https://h.io/v1/"]),
        ("H.IO", "x", ["h.io", "h.io/v1/", "https://h.io/v1/"]),
        ("h.io:5000", "a", ["h.io:5000", "http://h.io:5000"]),
        ("h.io:443", "a", []),
        ("[::1]:5000", "a", ["[::1]:5000"]),
        (
            "docker.io",
            "library/x",
            ["docker.io/library", "docker.io", "index.docker.io", "https://index.docker.io/v1/"],
        ),
        ("index.docker.io", "x", ["index.docker.io", "docker.io", "https://index.docker.io/v1/"]),
        ("registry-1.docker.io", "x", ["docker.io", "index.docker.io", "https://index.docker.io/v1/"]),
    ],
)
def test_which_keys_are_for_a_repository(host: str, repository: str, best_first: list[str]) -> None:
    keys = [
        *(
            "https://h.io/v1/",
            "h.io/v1/",
            "h.io",
            "h.io/a",
            "h.io/a/b",
            "h.io/a/b/c",
            "h.io/a/b/c/d",
            "xh.io",
            "h.i",
        ),
        *(
            "http://h.io:5000",
            "h.io:5000",
            "[::1]:5000",
            "user@h.io",
            "https://user:word@h.io/",
            "",
            "/",
            "://",
        ),
        *(
            "https://index.docker.io/v1/",
            "index.docker.io",
            "docker.io/library",
            "docker.io",
            "hub.docker.io",
        ),
    ]
    assert matching(keys, host, repository) == best_first
    assert matching(reversed(keys), host, repository) == best_first


_PATH = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=4).map("/".join)


@given(keys=st.sets(_PATH), repository=_PATH.filter(bool))
def test_the_longest_part_of_the_name_that_has_a_login_wins(keys: set[str], repository: str) -> None:
    parts = repository.split("/")
    steps = ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]
    expected = [f"h.io/{step}".rstrip("/") for step in steps if step in keys]
    assert matching([f"h.io/{key}".rstrip("/") for key in keys], "h.io", repository) == expected


def test_repositories_of_one_registry_may_have_different_logins(own: Home) -> None:
    entries = {"h.io": user("all"), "h.io/migration": user("team"), "h.io/migration/vddk": user("one")}
    own.write(own.run, {"auths": entries})
    credentials = own.credentials()
    repositories = ["migration/vddk", "migration/other", "migrations", "x/migration"]
    found = [credentials.login("h.io", repository) for repository in repositories]
    assert [login.username for login in found if login] == ["one", "team", "all", "all"]


def test_an_empty_entry_leaves_it_to_the_next_key_and_the_next_file(own: Home) -> None:
    own.write(
        own.run,
        {"auths": {"h.io/migration": {}, "h.io": None, "https://h.io/v1/": {"auth": "", "email": "x"}}},
    )
    assert own.user("h.io") is None
    own.write(own.config, {"auths": {"h.io/migration": {}, "h.io": user("config")}})
    assert own.user("h.io") == "config"


@given(
    username=st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1),
    password=st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: text.strip("\0")),
    nuls=st.integers(0, 3),
    padded=st.booleans(),
)
def test_any_user_and_password_come_back(username: str, password: str, nuls: int, padded: bool) -> None:
    auth = encoded(username, password + "\0" * nuls)
    found = login_in({"auth": auth if padded else auth.rstrip("=")}, "h.io", FILE)
    assert found == Login(username, password, source="~/.docker/config.json")


def test_base64_that_was_wrapped_is_read() -> None:
    auth = base64.encodebytes(f"u:{'p' * 100}".encode()).decode()
    assert "\n" in auth.strip()
    assert login_in({"auth": auth}, "h.io", FILE) == Login("u", "p" * 100, source=FILE.shown)


@pytest.mark.parametrize(
    ("entry", "login"),
    [
        ({"username": "u", "password": "p"}, Login("u", "p")),
        ({"auth": encoded("u", "p"), "username": "x", "password": "x"}, Login("u", "p")),
        ({"auth": encoded("u", "")}, Login("u", "")),
        ({"Auth": encoded("u", "p")}, Login("u", "p")),
        ({"auth": encoded("0000", ""), "identitytoken": "it"}, Login("0000", "", identity_token="it")),
        ({"identitytoken": "it"}, Login("", "", identity_token="it")),
        ({"registrytoken": "rt"}, Login("", "", registry_token="rt")),
        ({"password": "p"}, None),
        ({"email": "u@company.com"}, None),
        ({"auth": None, "identitytoken": None}, None),
    ],
)
def test_what_an_entry_says(own: Home, entry: dict[str, Any], login: Login | None) -> None:
    own.write(own.config, {"auths": {"h.io": entry}})
    found = own.login("h.io")
    assert (found and (found.username, found.password, found.identity_token, found.registry_token)) == (
        login and (login.username, login.password, login.identity_token, login.registry_token)
    )


_SECRET = "hunter2"


@pytest.mark.parametrize(
    ("content", "position", "what"),
    [
        ('{"auths":\n {"harbor.company.com": hunter2}}', ":2:25", "this is not JSON"),
        (b"\xff\xfe\xff hunter2", "", "this is not JSON"),
        ("[" * 100_000, "", "this is not JSON"),
        ('{"x": ' + "1" * 5000 + "}", "", "this is not JSON"),
        ('["hunter2"]', "", "this is not a JSON object"),
        (" " * 1024 * 1024 + "{}", "", "this is larger than 1 MiB, and no file of logins"),
        ('{"auths": ["hunter2"]}', "", '"auths" is not an object'),
        ('{"credHelpers": "hunter2"}', "", '"credHelpers" is not an object'),
        ('{"credsStore": ["hunter2"]}', "", '"credsStore" is not a text'),
        (
            '{"credHelpers": {"harbor.company.com": 7}}',
            "",
            '"harbor.company.com" in "credHelpers" is not a text',
        ),
        (
            '{"auths": {"harbor.company.com": "hunter2"}}',
            "",
            '"harbor.company.com" in "auths" is not an object',
        ),
    ],
)
def test_a_damaged_file_is_named_and_not_repeated(
    own: Home, content: str | bytes, position: str, what: str
) -> None:
    own.write(own.config, content)
    assert message(own) == f"{own.config}{position}: {what}\n  {RENEW}"


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"auth": ["hunter2"]}, '"auth" of "harbor.company.com" in "auths" is not a text'),
        ({"auth": "hunter2!"}, '"auth" of "harbor.company.com" in "auths" is not base64'),
        ({"auth": "hunter2"}, '"auth" of "harbor.company.com" in "auths" is not UTF-8 text in base64'),
        ({"auth": "dTpw!!!!"}, '"auth" of "harbor.company.com" in "auths" is not base64'),
        ({"auth": "ü"}, '"auth" of "harbor.company.com" in "auths" is not base64'),
        ({"auth": "abcde"}, '"auth" of "harbor.company.com" in "auths" is not base64'),
        (
            {"auth": base64.b64encode(b"hunter2").decode()},
            '"auth" of "harbor.company.com" in "auths" is not user:password in base64',
        ),
        (
            {"auth": encoded("", "hunter2")},
            '"auth" of "harbor.company.com" in "auths" is not user:password in base64',
        ),
        ({"username": {"hunter2": 1}}, '"username" of "harbor.company.com" in "auths" is not a text'),
        (
            {"username": "u", "password": "hunter2\ud800"},
            '"password" of "harbor.company.com" in "auths" is not a text',
        ),
        ({"identitytoken": 5}, '"identitytoken" of "harbor.company.com" in "auths" is not a text'),
        (
            {"registrytoken": "hunter2\r\nX-Other: 1"},
            '"registrytoken" of "harbor.company.com" in "auths" is not a token',
        ),
    ],
)
def test_a_damaged_entry_is_named_and_not_repeated(own: Home, entry: dict[str, Any], what: str) -> None:
    own.write(own.docker, {"auths": {HOST: entry}})
    assert message(own) == f"{own.docker}: {what}\n  {RENEW}"


_TEXT = st.sampled_from(["", "dTpw", "dTo=", "x", "none", "\ud800"]) | st.text(max_size=5)
_ODD = st.none() | st.booleans() | st.integers() | _TEXT | st.lists(_TEXT, max_size=1)
_HOSTS = st.sampled_from(["h.io", "https://h.io/v1/", "https://h.io/\ud800", "h.io/a", "h.io/a/b"])
_NAMES = st.sampled_from(["auth", "username", "password", "identitytoken", "registrytoken", "Auth"])
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "auths": _ODD | st.dictionaries(_HOSTS, _ODD | st.dictionaries(_NAMES, _ODD)),
        "credHelpers": _ODD | st.dictionaries(_HOSTS, _ODD),
        "credsStore": _ODD,
    },
)


@given(document=_DOCUMENTS)
@example(document={"auths": {"https://h.io/\ud800": {}}, "credsStore": "x"})
def test_whatever_a_file_says_ends_in_a_login_or_a_clear_error(homes: Path, document: object) -> None:
    own = Home(homes)
    own.write(own.run, json.dumps(document))
    try:
        found = own.login("h.io", "a/b")
    except RegistryError as error:
        where = error.where
    else:
        where = found.source if found else ""
    assert where in ("", "~/run/containers/auth.json", str(own.run))


def test_another_registrys_damaged_entry_does_not_matter(own: Home) -> None:
    own.write(own.docker, {"auths": {HOST: user("u"), "quay.io": {"auth": 5}}, "credHelpers": {"x.io": 5}})
    assert own.user(HOST) == "u"


def test_a_damaged_file_further_down_is_not_read(own: Home) -> None:
    own.write(own.run, auths(harbor_company_com="u"))
    own.write(own.docker, "hunter2")
    assert own.user(HOST) == "u"
    assert message(own, "quay.io").startswith(f"{own.docker}:1:1: this is not JSON")


def test_a_file_that_was_named_has_to_be_there(own: Home) -> None:
    own.write(own.docker, auths(harbor_company_com="u"))
    path = own.root / "gone.json"
    assert message(own.set(REGISTRY_AUTH_FILE=path)) == (
        f"{path}: there is no such file, and REGISTRY_AUTH_FILE names it\n"
        "  unset REGISTRY_AUTH_FILE, or log in with it set, as with: podman login HOST"
    )


def test_a_folder_in_place_of_the_file_is_a_clear_error(own: Home) -> None:
    own.config.mkdir(parents=True)
    assert message(own) == (
        f"{own.config}: the logins in it cannot be read: is a directory\n"
        "  look at its owner and mode, or name another file with REGISTRY_AUTH_FILE"
    )


def test_a_file_in_place_of_a_folder_is_no_file(own: Home) -> None:
    own.write(own.root / ".docker", "")
    assert own.login(HOST) is None


_WITHOUT_RIGHTS = """
import os, sys
from vddkctl.errors import RegistryError
from vddkctl.registry.http.credentials import Credentials
credentials = Credentials({"HOME": sys.argv[1], "XDG_RUNTIME_DIR": "/nonexistent"})
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    credentials.login("h.io", "x")
except RegistryError as error:
    print(error)
"""


def test_a_file_that_may_not_be_read_is_a_clear_error(own: Home) -> None:
    own.write(own.docker, auths(h_io="u")).chmod(0o000)
    for path in [own.root, *own.root.parents]:
        if path.stat().st_mode & 0o077 == 0:  # pytest keeps its folders to one user
            path.chmod(0o711)
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_RIGHTS, str(own.root)],
        env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == (
        f"{own.docker}: the logins in it cannot be read: permission denied\n"
        "  look at its owner and mode, or name another file with REGISTRY_AUTH_FILE\n"
    )


def test_each_file_is_read_once(own: Home) -> None:
    own.write(own.docker, auths(harbor_company_com="u"))
    credentials = own.credentials()
    first = credentials.login(HOST, "a")
    own.docker.unlink()
    assert credentials.login(HOST, "b") == first is not None


def test_nothing_of_this_processs_environment_is_looked_at(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.write(own.root / "named.json", auths(harbor_company_com="u"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
    monkeypatch.setenv("DOCKER_CONFIG", str(own.write(own.root / "d/config.json", auths(h_io="u")).parent))
    assert own.login(HOST) is None
    assert own.login("h.io") is None


def test_only_what_is_needed_is_imported() -> None:
    heavy = "subprocess,shutil,selectors,urllib3,ssl,http.client,pydantic"
    code = (
        "import sys, vddkctl.registry.http.credentials as c; c.Credentials({'HOME': '/no', 'XDG_RUNTIME_DIR': '/no'}).login('h.io', 'x');"
        f"print([name for name in {heavy!r}.split(',') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
