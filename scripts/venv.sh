#!/bin/sh
# Make .venv: the project, editable, and its development tools. Instant when it is there and up to date.
set -eu
cd "$(dirname "$0")/.."
venv=$PWD/.venv

say() { echo "setup: $*"; }
fail() { say "$*" >&2; exit 1; }

# The folder's own path is part of the key: the scripts in a .venv name it, so a moved one is of no use.
key="$(sha256sum pyproject.toml | cut -d' ' -f1) $venv ${PYTHON:-any}"
up_to_date() { [ -x .venv/bin/python ] && [ "$(cat .venv/.stamp 2>/dev/null)" = "$key" ]; }

usable() {
    [ ! -e .cache/setup.unfinished ] && grep -qsF "$venv/" .venv/bin/pip && runs .venv/bin/python &&
        .venv/bin/python -m pip --version >/dev/null 2>&1 || return 1
    [ -z "${PYTHON:-}" ] || [ "$(minor .venv/bin/python)" = "$(minor "$PYTHON")" ]
}

# A python3.12 on the path may be a shim with nothing behind it, so each is asked.
runs() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
minor() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

find_python() {
    candidates=${PYTHON:-python3.13 python3.12 python3.11 python3}
    for python in $candidates; do
        if runs "$python"; then echo "$python"; return; fi
    done
    fail "no Python 3.11 or newer (asked: $candidates)." \
        "Install one (Debian 12 and later: apt-get install python3), or name it: make PYTHON=/path/to/python3"
}

create() {
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || scripts/packages.sh "python$(minor "$python")-venv"
    say "creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

if up_to_date; then exit 0; fi
mkdir -p .cache
exec 9>.cache/setup.lock
flock --nonblock 9 || { say "another set-up is running here; waiting for it"; flock 9; }
if up_to_date; then exit 0; fi

usable || { touch .cache/setup.unfinished; create; }
# It stays behind when this is interrupted: the next run then begins from an empty .venv.
touch .cache/setup.unfinished
say "installing the project and its development tools into .venv"
{ .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' &&
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group dev; } ||
    { rm .cache/setup.unfinished; fail "pip could not install the packages; the reason is above"; }
echo "$key" >.venv/.stamp
rm .cache/setup.unfinished
