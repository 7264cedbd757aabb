#!/bin/sh
# packages.sh PACKAGE...: make sure these Debian packages are installed. Instant when they are.
set -eu

say() { echo "setup: $*" >&2; }

# A command of the package's name, wherever it comes from, will do as well.
present() {
    command -v "$1" >/dev/null ||
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}
missing() { for package; do present "$package" || printf ' %s' "$package"; done; }

wanted=$(missing "$@")
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null; then
    say "not installed:$wanted"
    say "this needs root (or sudo without a password) and apt-get; as an administrator, run:"
    say "  apt-get install$wanted"
    exit 1
fi

mkdir -p "$(dirname "$0")/../.cache"
exec 8>"$(dirname "$0")/../.cache/packages.lock"
flock 8
wanted=$(missing "$@")
[ -n "$wanted" ] || exit 0

say "installing Debian packages:$wanted"
log=$(mktemp)
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$log" 2>&1; }
apt update || say "apt-get update failed; going on with the lists that are here"
# shellcheck disable=SC2086  # one word for each package
apt install --yes --no-install-recommends $wanted || { cat "$log" >&2; rm "$log"; say "apt-get failed"; exit 1; }
rm "$log"

# The tests start servers of their own; one that came along with a package need not run.
if [ -d /run/systemd/system ]; then
    for package in $wanted; do
        $as_root systemctl --quiet disable --now "$package" 2>/dev/null || :
        $as_root systemctl --quiet disable --now "${package%-server}" 2>/dev/null || :  # etcd of etcd-server
    done
fi
