"""From what ``vddkctl schedule`` was asked to the pieces."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.cli.output import note
from vddkctl.cli.schedule import MACHINE, Where
from vddkctl.errors import UsageError
from vddkctl.schedule.job import Job, Piece, default_name
from vddkctl.site.source import LoadedSite

if TYPE_CHECKING:
    from vddkctl.places import Places
    from vddkctl.schedule.times import Times

_HANDED_ON = ("KUBECONFIG", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG")
"""Names of files that a login shell may set, and cron and systemd do not."""
_PLACE = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
_USER = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*\$?")


class Asked(Struct, frozen=True):
    """The options, as they were given. ``options`` are those that ``drift`` is to have, ``notify`` an address."""

    where: Where
    file: str
    every: str | None
    cron: str | None
    name: str | None
    user: str | None
    program: str | None
    env_file: str | None
    namespace: str | None
    image: str | None
    claim: str | None
    reports: tuple[str, ...]
    options: tuple[str, ...]
    heal: bool
    notify: str | None


def pieces(asked: Asked) -> tuple[Piece, ...]:
    """Raises UsageError for what makes no sense, SpecError for a spec that cannot be used there."""
    from vddkctl.cli.session import read_spec
    from vddkctl.places import Places
    from vddkctl.site.load import load

    _check(asked)
    text, source, folder = read_spec(asked.file)
    loaded, places = load(text, source), Places(folder)
    job = _job(asked, loaded, places)
    secret: tuple[Piece, ...] = ()
    if asked.notify and asked.where in (*MACHINE, Where.KUBERNETES):
        from vddkctl.schedule import webhook

        kept = webhook.for_machine if asked.where in MACHINE else webhook.for_secret
        secret = (kept(job, asked.notify),)
    return (*_made(asked, job, loaded, places), *secret)


def write(made: tuple[Piece, ...], into: str) -> None:
    """Write files; none is replaced. Raises VddkctlError."""
    from vddkctl.atomic import replacing, write_all
    from vddkctl.errors import VddkctlError

    paths = [Path(into, piece.file) for piece in made]
    for path in paths:
        if os.path.lexists(path):
            raise VddkctlError("is there already", where=str(path), hint="remove it, or name another folder")
    for path, piece in zip(paths, made, strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, mode=0o600 if piece.secret else 0o644) as handle:
                write_all(handle, piece.whole.encode())
        except OSError as error:
            raise VddkctlError(f"cannot be written: {error.strerror}", where=str(path)) from None
        note(f"Wrote {path}.")


def _check(asked: Asked) -> None:
    """What can be told before the spec is read."""
    if asked.file == "-" and asked.where is not Where.KUBERNETES:
        raise UsageError(f"{asked.where} reads the spec from a file each time", hint="-f FILE")
    if not asked.file.isprintable():
        raise UsageError(f"no schedule can hold a path with a line break: {asked.file!r}")
    for option, value in (("--name", asked.name), ("--namespace", asked.namespace), ("--claim", asked.claim)):
        if value is not None and not _PLACE.fullmatch(value):
            raise UsageError(
                f"{option} {value!r} is no name", hint="lower-case letters, digits, - and ., at most 63"
            )
    if asked.user is not None and not _USER.fullmatch(asked.user):
        raise UsageError(f"--user {asked.user!r} is no user")
    for option, value in (("--program", asked.program), ("--env-file", asked.env_file)):
        if value is not None and not (os.path.isabs(value) and value.isprintable()):  # noqa: PTH117
            raise UsageError(f"{option} {value!r} is not an absolute path")


def _job(asked: Asked, loaded: LoadedSite, places: Places) -> Job:
    machine, site = asked.where in MACHINE, loaded.site.metadata.name
    name = asked.name or default_name(site)
    job = Job(
        site=site,
        name=name,
        times=_times(asked, site),
        spec=Path(asked.file).absolute(),
        program=_program(asked.program) if machine else ("vddkctl",),
        environment=_environment(asked, loaded),
        options=asked.options,
        reports=tuple(map(os.path.abspath, asked.reports)) if machine else asked.reports,
        heal=asked.heal,
        writes=_writes(asked, loaded, places) if machine else (),
        notify=asked.notify is not None,
        secrets=_secrets(asked, name) if machine else None,
        user=asked.user,
        image=None if machine else _image(asked.image),
        claim=asked.claim,
    )
    if asked.where is Where.SYSTEMD and job.user is None:
        from vddkctl.schedule.systemd import wants_somebody

        if wants_somebody(job):
            return replace(job, user=_myself())
    return job


def _times(asked: Asked, site: str) -> Times:
    from vddkctl.schedule import times

    if asked.every is not None and asked.cron is not None:
        raise UsageError("--every and --cron say the same thing; keep one")
    return times.at(asked.cron) if asked.cron is not None else times.every(asked.every or "1h", site)


def _image(named: str | None) -> str:
    from vddkctl import __version__
    from vddkctl.oci.reference import parse

    if named is None:
        named = f"registry.example.com/tools/vddkctl:{__version__}"
        note(
            f"The image is called {named} until --image says what yours is: build it with the Containerfile."
        )
    parse(named)
    return named


def _environment(asked: Asked, loaded: LoadedSite) -> dict[str, str]:
    """Files with logins, where they are named here, or lie where only this user looks for them."""
    if asked.where not in MACHINE:
        return {}
    found = {name: _absolute(os.environ[name]) for name in _HANDED_ON if os.environ.get(name)}
    usual = Path.home() / ".kube" / "config"
    if asked.where is Where.SYSTEMD and loaded.site.cluster.manifests is None and usual.is_file():
        found.setdefault("KUBECONFIG", str(usual))
    return found


def _secrets(asked: Asked, name: str) -> Path | None:
    """Beside the configuration of whoever runs it."""
    if asked.env_file is not None:
        return Path(asked.env_file)
    if asked.notify is None:
        return None
    own = asked.where is Where.CRONTAB and asked.user is None
    return Path(Path.home() / ".config" / "vddkctl" if own else "/etc/vddkctl", f"{name}.env")


def _writes(asked: Asked, loaded: LoadedSite, places: Places) -> tuple[Path, ...]:
    folders = [Path(os.path.abspath(each)).parent for each in asked.reports]  # noqa: PTH100
    if asked.heal and loaded.site.cluster.manifests is not None:
        folders.append(places.path(loaded.site.cluster.manifests).absolute())
    if asked.heal:
        layouts = (image.repository for image in loaded.site.images.values())
        folders += [places.path(each[4:]).absolute() for each in layouts if each.startswith("oci:")]
    return tuple(dict.fromkeys(Path(os.path.normpath(each)) for each in folders))


def _absolute(paths: str) -> str:
    """Several kubeconfigs may stand behind each other, with colons between."""
    return os.pathsep.join(os.path.abspath(path) for path in paths.split(os.pathsep) if path)  # noqa: PTH100


def _myself() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        raise UsageError("who is to run it? This user has no name here", hint="--user USER") from None


def _program(named: str | None) -> tuple[str, ...]:
    """How vddkctl was started just now, unless it is named."""
    import shutil
    import sys

    if named is not None:
        return (named,)
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return (sys.executable, "-m", "vddkctl")
    found = shutil.which(sys.argv[0])
    return (str(Path(found or started).absolute()),)


def _made(asked: Asked, job: Job, loaded: LoadedSite, places: Places) -> tuple[Piece, ...]:
    if asked.where is Where.CRONTAB:
        from vddkctl.schedule.crontab import crontab

        return (crontab(job),)
    if asked.where is Where.SYSTEMD:
        from vddkctl.schedule.systemd import systemd

        return systemd(job)
    if asked.where is Where.KUBERNETES:
        return (_kubernetes(asked, job, loaded, places),)
    needs = (
        {} if loaded.site.cluster.manifests else {"KUBECONFIG": "a kubeconfig of an account that may look"}
    )
    if any(not image.repository.startswith("oci:") for image in loaded.site.images.values()):
        needs["REGISTRY_AUTH_FILE"] = "a login at the registries, as podman login --authfile writes it"
    if asked.where is Where.GITHUB:
        from vddkctl.schedule.github import github

        return (github(job, needs),)
    from vddkctl.schedule.gitlab import gitlab

    return (gitlab(job, needs),)


def _kubernetes(asked: Asked, job: Job, loaded: LoadedSite, places: Places) -> Piece:
    from vddkctl.schedule.carried import carried
    from vddkctl.schedule.kubernetes import kubernetes

    forklift = loaded.site.cluster.namespace or asked.namespace
    if forklift is None and loaded.site.cluster.manifests is None:
        raise UsageError(
            "the spec does not say where Forklift lives, and the job's rights are to be for that namespace",
            hint="say it in the spec (cluster.namespace), or with --namespace",
        )
    files = carried(loaded, places, forklift or "")
    return kubernetes(loaded, job, files, asked.namespace or forklift or "", forklift or "")
