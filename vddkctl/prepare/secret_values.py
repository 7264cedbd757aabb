"""The values of a Secret, read where the spec says that they are: late, and never to be kept or shown."""

from __future__ import annotations

from collections.abc import Mapping

from vddkctl.errors import VddkctlError
from vddkctl.places import Places
from vddkctl.plan.secret_work import SecretWork


def values_of(work: SecretWork, places: Places) -> dict[str, bytes]:
    """Every value by its key. Raises VddkctlError naming the variable, the file or the registry, and no value."""
    return {key: _value(source, places) for key, source in work.data.items()}


def missing_values(work: SecretWork, places: Places) -> tuple[VddkctlError, ...]:
    """Why values cannot be read on this machine, one error for each that cannot."""
    missing = []
    for source in work.data.values():
        try:
            _value(source, places)
        except VddkctlError as error:
            missing.append(error)
    return tuple(missing)


def _value(source: Mapping[str, str], places: Places) -> bytes:
    if "text" in source:
        return source["text"].encode()
    if "env" in source:
        return _variable(source["env"], places)
    if "file" in source:
        return _file(source["file"], places)
    return _docker_config(source["registry"], places)


def _variable(name: str, places: Places) -> bytes:
    value = places.environment.get(name)
    if not value:
        raise VddkctlError(f"the variable {name} is not set", hint=f"export {name}=…")
    return value.encode(errors="surrogateescape")


def _file(name: str, places: Places) -> bytes:
    path = places.path(name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VddkctlError(f"cannot be read: {error.strerror}", where=name) from None
    # Whoever wrote it with an editor, or with echo, did not mean the line break. Certificates do not mind.
    return content.removesuffix(b"\n").removesuffix(b"\r")


def _docker_config(host: str, places: Places) -> bytes:
    """What ``kubectl create secret docker-registry`` makes of a login (Kubernetes, "Pull an Image")."""
    import json
    from base64 import b64encode

    login = places.login(host)
    if login is None:
        raise VddkctlError("this machine has no login for it", where=host, hint=f"podman login {host}")
    if not login.username or not login.password:
        raise VddkctlError(
            "the login is a token, which a pull secret cannot hold",
            where=host,
            hint=f"log in with a user and a password, best those of a robot account: podman login {host}",
        )
    auth = b64encode(f"{login.username}:{login.password}".encode()).decode()
    entry = {"username": login.username, "password": login.password, "auth": auth}
    return json.dumps({"auths": {host: entry}}, sort_keys=True).encode()
