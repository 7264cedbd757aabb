#!/bin/sh
# apiserver.sh: print the folder with the kube-apiserver and the etcd that tests start. KUBEBUILDER_ASSETS comes first.
# Otherwise kube-apiserver is built from Debian's source package, once, and kept in the user's cache.
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }

# Debian's kubernetes-client is one kubectl of many, and clashes with the others.
command -v kubectl >/dev/null || scripts/packages.sh kubernetes-client

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    for name in kube-apiserver etcd; do
        [ -x "$KUBEBUILDER_ASSETS/$name" ] || { say "KUBEBUILDER_ASSETS names a folder without $name"; exit 1; }
    done
    echo "$KUBEBUILDER_ASSETS"
    exit 0
fi

command -v etcd >/dev/null || scripts/packages.sh etcd-server

# The recipe is part of the name: another way to build it is another server.
recipe=$(cat scripts/build_apiserver.sh /etc/os-release | sha256sum | cut -c1-12)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/vddkctl-tests
folder=$kept/apiserver-$(uname -m)-$recipe
mkdir -p "$kept"

ready() { [ -x "$folder/kube-apiserver" ] && [ -x "$folder/etcd" ]; }

# A build has a process group of its own, so that all of it can be ended: make, shells, compilers.
end() {
    if [ -n "${build:-}" ] && kill -KILL "-$build" 2>/dev/null; then sleep 1; fi
    rm -rf "$new"
}

if ! ready; then
    exec 8>"$kept/apiserver.lock"
    flock --nonblock 8 || { say "another run is building kube-apiserver; waiting for it"; flock 8; }
    if ! ready; then
        scripts/packages.sh golang-go dpkg-dev make rsync jq golang-github-modern-go-reflect2-dev 8>&-
        say "building kube-apiserver from Debian's source package, once; this takes 5 to 15 minutes"
        rm -rf "$kept"/.new.* || : # of runs that were killed
        new=$(mktemp -d "$kept/.new.XXXXXX")
        trap end EXIT
        trap 'exit 130' HUP INT TERM
        setsid setpriv --pdeathsig KILL scripts/build_apiserver.sh "$new/build" >"$new/log" 2>&1 8>&- &
        build=$!
        waited=0
        while sleep 5 8>&- && kill -0 "$build" 2>/dev/null; do
            waited=$((waited + 5))
            [ $((waited % 60)) != 0 ] || say "still building kube-apiserver, minute $((waited / 60))"
        done
        wait "$build" || {
            tail -n 30 "$new/log" >&2
            say "kube-apiserver could not be built. KUBEBUILDER_ASSETS may name a folder that has one, and an etcd"
            exit 1
        }
        mkdir "$new/bin"
        mv "$new/build/kube-apiserver" "$new/bin/"
        ln -s "$(command -v etcd)" "$new/bin/etcd"
        rm -rf "$folder" && mv "$new/bin" "$folder"
        say "kube-apiserver is built"
    fi
fi
echo "$folder"
