#!/bin/sh
# Print the path of a statically linked busybox, for an image that needs nothing else. Installs it, or without the
# right to install, unpacks Debian's package under .cache.
set -eu
cd "$(dirname "$0")/.."
unpacked=$PWD/.cache/busybox

find_it() {
    for path in "${VDDKCTL_BUSYBOX:-}" "$(dpkg-query --listfiles busybox-static 2>/dev/null | grep '/bin/busybox$')" \
        "$unpacked/bin/busybox" "$unpacked/usr/bin/busybox"; do
        if [ -x "$path" ]; then echo "$path"; exit 0; fi
    done
}

# An ordinary user may fetch packages, with lists of their own when the machine has none.
download() (
    lists=$unpacked/apt
    mkdir -p "$lists/lists/partial" "$lists/archives/partial" && cd "$unpacked"
    apt-get -qq download busybox-static >/dev/null 2>&1 && exit
    set -- -qq -o Dir::State::lists="$lists/lists" -o Dir::Cache="$lists"
    apt-get "$@" update && apt-get "$@" download busybox-static
)

find_it
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
    scripts/packages.sh busybox-static
else
    echo "setup: unpacking Debian's busybox-static into .cache" >&2
    rm -rf "$unpacked" && mkdir -p "$unpacked"
    if download >&2; then dpkg-deb -x "$unpacked"/busybox-static_*.deb "$unpacked"; fi
fi
find_it
echo "setup: no static busybox; as an administrator, run: apt-get install busybox-static" >&2
echo "setup: or name one: VDDKCTL_BUSYBOX=/path/to/busybox make demo" >&2
exit 1
