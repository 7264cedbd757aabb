"""Where a webhook's address is kept: in a file or a Secret of its own, never in a line that others can see."""

from __future__ import annotations

from vddkctl.schedule.job import Job, Piece

URL = "VDDKCTL_NOTIFY_URL"
SECRET = "VDDKCTL_NOTIFY_SECRET"  # noqa: S105 - where it is, not what it is
_SIGNED = f"{SECRET}, if it is set there as well, signs what is sent."


def kept_in(job: Job) -> tuple[str, ...]:
    """Lines that say which file a machine's job reads the address from."""
    if job.secrets is None:
        return ()
    lines = (f"Read at each run: {job.secrets}, which only its owner may read, with lines NAME='value'.",)
    return (*lines, f"{URL} in it is where changes are told. {_SIGNED}") if job.notify else lines


def for_machine(job: Job, address: str) -> Piece:
    """The file: a shell and systemd read it alike (systemd.exec(5), EnvironmentFile)."""
    # Neither sign stands for anything in a URL, and each means another thing to a shell than to systemd.
    plain = address.replace("'", "%27").replace("\\", "%5C")
    how = (f"{job.secrets}, mode 0600: where changes of {job.site} are told.", _SIGNED)
    return Piece(f"{job.name}.env", how, f"{URL}='{plain}'\n", secret=True)


def for_secret(job: Job, address: str) -> Piece:
    """The file that ``kubectl create secret generic --from-env-file`` reads; it knows no quotes."""
    how = (f"For the Secret {job.name}-notify: where changes of {job.site} are told.", _SIGNED)
    return Piece(f"{job.name}.env", how, f"{URL}={address}\n", secret=True)
