from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.registry.login_files import Home, user
from vddkctl.errors import RegistryError
from vddkctl.registry.http.auth_files import AuthFile
from vddkctl.registry.http.credential_helper import Helper, ask
from vddkctl.registry.http.credentials import Login

HOST = "harbor.company.com"
BY_HAND = 'run docker-credential-x by hand, or take "credHelpers" out of the file and log in again'


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


def asked_of(own: Home, script: str, timeout: float = 30.0) -> Login | None:
    own.helper("x", script)
    file = AuthFile(own.docker, "~/.docker/config.json")
    return ask(Helper("x", "credHelpers", file), HOST, own.environment, timeout)


def failure(own: Home, script: str, timeout: float = 30.0) -> str:
    with pytest.raises(RegistryError) as raised:
        asked_of(own, script, timeout)
    head = f'{own.docker}: docker-credential-x, which "credHelpers" names, '
    assert str(raised.value).startswith(head)
    return str(raised.value).removeprefix(head).removesuffix(f"\n  {BY_HAND}")


def test_a_helper_for_the_host_gives_the_login(own: Home) -> None:
    own.store("pass", harbor_company_com=("u", "p:w"))
    own.write(own.docker, {"credHelpers": {HOST: "pass"}})
    found = own.login(HOST)
    assert found == Login("u", "p:w", source="docker-credential-pass (from ~/.docker/config.json)")
    assert own.asked == [HOST]


def test_podmans_file_may_name_helpers_too(own: Home) -> None:
    own.store("pass", harbor_company_com=("u", "p"))
    own.write(own.config, {"credHelpers": {HOST: "pass"}})
    assert own.user(HOST) == "u"


def test_a_token_in_place_of_the_user_is_an_identity_token(own: Home) -> None:
    own.store("pass", harbor_company_com=("<token>", "refresh"))
    own.write(own.docker, {"credsStore": "pass"})
    assert own.login(HOST) == Login(
        "", "", identity_token="refresh", source="docker-credential-pass (from ~/.docker/config.json)"
    )


def test_the_hosts_helper_wins_over_the_store_and_the_store_over_what_is_written(own: Home) -> None:
    own.store("one", harbor_company_com=("one", "p"))
    own.store("all", harbor_company_com=("all", "p"), h_io=("all", "p"))
    entries = {host: user("written") for host in (HOST, "h.io", "quay.io", f"{HOST}/migration/vddk")}
    own.write(own.docker, {"auths": entries, "credsStore": "all", "credHelpers": {HOST: "one"}})
    assert own.user(HOST) == "one"
    assert own.user("h.io") == "all"
    assert own.user("quay.io") == "written"


def test_what_is_written_does_not_stand_in_for_the_hosts_helper(own: Home) -> None:
    own.store("one")
    own.write(own.config, {"auths": {HOST: user("written")}, "credHelpers": {HOST: "one"}})
    assert own.user(HOST) is None
    own.write(own.docker, {"auths": {HOST: user("next")}})
    assert own.user(HOST) == "next"


def test_an_empty_name_excepts_a_host_from_the_store(own: Home) -> None:
    own.store("all", harbor_company_com=("all", "p"))
    own.write(own.docker, {"auths": {HOST: user("written")}, "credsStore": "all", "credHelpers": {HOST: ""}})
    assert own.user(HOST) == "written"
    assert own.asked == []


def test_docker_hub_is_asked_for_by_its_old_address_first(own: Home) -> None:
    own.helper("x", 'echo "credentials not found in native keychain"; exit 1')
    own.write(own.docker, {"credsStore": "x"})
    for host in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        assert own.user(host) is None
        assert own.asked == ["https://index.docker.io/v1/", "docker.io"]
        (own.root / "asked").unlink()


def test_a_helper_for_docker_hub_is_found_under_any_of_its_names(own: Home) -> None:
    for key in ("https://index.docker.io/v1/", "docker.io", "index.docker.io"):
        own.helper("x", f"""[ "$server" = '{key}' ] && echo '{{"Username": "u", "Secret": "s"}}'""")
        own.write(own.docker, {"credHelpers": {key: "x"}})
        assert own.user("docker.io") == "u"


def test_an_old_key_shows_under_which_name_the_store_keeps_it(own: Home) -> None:
    own.helper(
        "x",
        """case "$server" in https://h.io/v1/) echo '{"Username": "u", "Secret": "s"}';;
        *) echo 'credentials not found in native keychain'; exit 1;; esac""",
    )
    own.write(
        own.docker, {"auths": {"https://h.io/v1/": {}, "h.io/team": {}, "quay.io": {}}, "credsStore": "x"}
    )
    assert own.user("h.io") == "u"
    assert own.asked == ["h.io", "https://h.io/v1/"]


def test_a_helper_is_asked_once_by_all_threads(own: Home) -> None:
    own.store("x", harbor_company_com=("u", "p"))
    own.write(own.docker, {"credsStore": "x"})
    credentials, found = own.credentials(), []
    threads = [threading.Thread(target=lambda: found.append(credentials.login(HOST, "v"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {login.username for login in found if login} == {"u"}
    assert own.asked == [HOST]


def test_a_helper_that_failed_is_not_asked_again(own: Home) -> None:
    own.helper("x", "exit 3")
    own.write(own.docker, {"credsStore": "x"})
    credentials, messages = own.credentials(), []
    for _ in range(2):
        with pytest.raises(RegistryError) as raised:
            credentials.login(HOST, "v")
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    assert own.asked == [HOST]


@pytest.mark.parametrize(
    ("script", "login"),
    [
        ("""echo '{"ServerURL": "x", "Username": "u", "Secret": "s", "More": 1}'""", Login("u", "s")),
        ("""echo '{"username": "u", "secret": "s"}'""", Login("u", "s")),
        ("""echo '{"Username": "u", "Secret": ""}'""", Login("u", "")),
        ("""echo warning >&2; echo '{"Username": "u", "Secret": "s"}'""", Login("u", "s")),
        ("""echo '{"Username": "", "Secret": ""}'""", None),
        ("echo '{}'", None),
        ("echo credentials not found in native keychain; exit 1", None),
        ("echo credentials not found in native keychain >&2; exit 1", None),
    ],
)
def test_what_a_helper_answers(own: Home, script: str, login: Login | None) -> None:
    found = asked_of(own, script)
    assert (found and (found.username, found.password)) == (login and (login.username, login.password))


def test_a_helper_that_does_not_read_its_question_is_fine(own: Home) -> None:
    path = own.write(
        own.bin / "docker-credential-x", """#!/bin/sh\necho '{"Username": "u", "Secret": "s"}'\n"""
    )
    path.chmod(0o755)
    found = ask(Helper("x", "credsStore", AuthFile(own.docker, "~")), HOST * 10_000, own.environment)
    assert found is not None


def test_a_helper_gets_the_environment_that_was_given_and_no_other(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_THIS_PROCESS", "x")
    script = """printf '{"Username": "%s", "Secret": "%s"}' "$HOME" "$AWS_PROFILE$FROM_THIS_PROCESS" """
    found = asked_of(own.set(AWS_PROFILE="prod"), script)
    assert found is not None
    assert (found.username, found.password) == (str(own.root), "prod")


@pytest.mark.parametrize(
    "answer",
    [
        *("", "hunter2", '"hunter2"', "[]", "{", '{"Username": 5, "Secret": "hunter2"}'),
        *('{"Username": "", "Secret": "hunter2"}', '{"Username": "<token>", "Secret": ""}'),
        *('{"Username": "u", "Secret": "hunter2\\ud800"}', "[" * 5000),
        '{"Username": "u", "Secret": "hunter2"}\n{"Username": "u", "Secret": "hunter2"}',
    ],
)
def test_an_answer_that_cannot_be_understood_is_not_repeated(own: Home, answer: str) -> None:
    said = failure(own, f"cat <<'E'\n{answer}\nE\n")
    assert said == f"answers for {HOST} with something other than a Username and a Secret"


def test_an_answer_in_bytes_that_are_no_text_is_a_clear_error(own: Home) -> None:
    assert failure(own, r"printf '\377\376\377hunter2'").startswith(
        f"answers for {HOST} with something other"
    )


def test_a_helper_that_fails_is_quoted(own: Home) -> None:
    script = "echo 'pass not initialized: exit status 1'; echo 'gpg: no secret key' >&2; exit 2"
    assert failure(own, script) == (
        f"fails for {HOST} with exit code 2: pass not initialized: exit status 1; gpg: no secret key"
    )


@pytest.mark.parametrize(
    ("says", "repeated"),
    [
        ("hunter2", ""),
        ('{"Username": "u", "Secret": "hunter2"}', ""),
        ('+ echo \'{"Username": "u","Secret":"hunter2"}\'', ""),
        ("cannot use password=hunter2 here", ": cannot use password=… here"),
        ("aws_secret_access_key: hunter2 is wrong", ": aws_secret_access_key: … is wrong"),
        ("sent Authorization: Bearer hunter2 in vain", ": sent Authorization: Bearer … in vain"),
        ("bad eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9hunter2 here", ": bad … here"),
        ("Access denied: no keychain: it is locked", ": Access denied: no keychain: it is locked"),
        ("red \x1b[31m alert", r": red \x1b[31m alert"),
        ("much " * 100, ": " + "much " * 40 + "…"),
    ],
)
def test_the_words_of_a_failure_are_bounded_and_without_secrets(own: Home, says: str, repeated: str) -> None:
    for stream in ("", " >&2"):
        script = f"cat{stream} <<'E'\n{says}\nE\nexit 1\n"
        assert failure(own, script) == f"fails for {HOST} with exit code 1{repeated}"


def test_a_helper_that_is_killed_is_a_clear_error(own: Home) -> None:
    assert failure(own, "kill -9 $$") == f"fails for {HOST} with signal 9"


@pytest.mark.parametrize("script", ["exec sleep 600", "exec >&- 2>&-; exec sleep 600"])
def test_a_helper_that_hangs_is_given_up_and_killed(own: Home, script: str) -> None:
    # It is waited for after it was killed: without that, this would take ten minutes.
    assert failure(own, script, timeout=0.5) == f"gives no answer for {HOST} in 0.5 seconds"


def test_a_helper_that_never_stops_talking_is_given_up(own: Home) -> None:
    assert failure(own, "exec yes hunter2") == f"does not stop answering for {HOST}"


def test_a_helper_that_is_not_there_is_named_with_the_file_that_wants_it(own: Home) -> None:
    own.write(own.docker, {"credsStore": "desktop", "auths": {HOST: {}}})
    with pytest.raises(RegistryError) as raised:
        own.login(HOST)
    assert str(raised.value) == (
        f'{own.docker}: docker-credential-desktop, which "credsStore" names, is not on the PATH\n'
        '  install it, or take "credsStore" out of the file and log in again'
    )


def test_a_store_that_is_not_installed_and_has_nothing_of_the_host_is_passed_by(own: Home) -> None:
    own.write(own.docker, {"credsStore": "desktop", "auths": {"other.io": {}}})
    assert own.login(HOST) is None


def test_a_helper_is_not_taken_from_the_current_folder(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    own.store("x", harbor_company_com=("u", "p"))
    own.write(own.docker, {"credsStore": "x", "auths": {HOST: {}}})
    monkeypatch.chdir(own.bin)
    for path in (".:", ":/usr/bin", "../bin", ""):
        with pytest.raises(RegistryError, match="is not on the PATH"):
            own.set(PATH=path).login(HOST)
    assert own.user(HOST) == "u"


def test_a_helper_that_is_no_program_is_a_clear_error(own: Home) -> None:
    path = own.write(own.bin / "docker-credential-x", b"\x7fELF no program\n")
    path.chmod(0o755)
    own.write(own.docker, {"credHelpers": {HOST: "x"}})
    with pytest.raises(RegistryError) as raised:
        own.login(HOST)
    assert str(raised.value) == (
        f'{own.docker}: docker-credential-x, which "credHelpers" names, cannot be run: exec format error\n'
        f"  look at {path}"
    )


@pytest.mark.parametrize("name", ["../x", "/bin/sh", "a b", "-x", ".", "x;y", "$x", "x\n"])
def test_only_a_plain_word_names_a_helper(own: Home, name: str) -> None:
    own.write(own.docker, {"credsStore": name})
    with pytest.raises(RegistryError) as raised:
        own.login(HOST)
    assert raised.value.what == (
        '"credsStore" does not name a credential helper: that is a word such as pass or ecr-login'
    )
    assert json.dumps(name) not in str(raised.value)
