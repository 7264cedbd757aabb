#!/bin/sh
# build_apiserver.sh FOLDER: build FOLDER/kube-apiserver from Debian's source package `kubernetes`, with Debian's Go.
set -eu
mkdir -p "$1" && cd "$1"
here=$PWD
mkdir -p sources lists/partial archives/partial gopath/src/k8s.io home

# Where this machine gets its packages from, it gets their sources from, signed alike, by lists that are ours alone.
suites=$(. /etc/os-release && echo "^(${VERSION_CODENAME:-stable}|stable|testing|unstable|sid)\$")
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk -v suites="$suites" '$1 == "deb" {
        line = $0; sub(/\[[^]]*\]/, "")
        if ($3 ~ suites && / main( |$)/) { sub(/deb/, "deb-src", line); print line }
    }' >sources/ours.list
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || { cat "$file"; echo; }
done | awk -v suites="$suites" 'BEGIN { RS = "" } {
        ours = main = 0; count = split($0, lines, "\n")
        for (i = 1; i <= count; i++) {
            words = split(lines[i], word, /[ \t]+/)
            for (w = 2; w <= words; w++) {
                if (word[1] == "Suites:" && word[w] ~ suites) ours = 1
                if (word[1] == "Components:" && word[w] == "main") main = 1
            }
        }
        if (!ours || !main || /(^|\n)Enabled: *no/) next
        for (i = 1; i <= count; i++) print lines[i] ~ /^Types:/ ? "Types: deb-src" : lines[i]
        print ""
    }' >sources/ours.sources
cat sources/* | grep -q . || { echo "/etc/apt names no source of Debian's packages"; exit 1; }

apt() {
    apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$here/sources" -o Dir::Cache="$here" \
        -o Dir::State::lists="$here/lists" -o APT::Sandbox::User=root "$@"
}
apt update
apt source kubernetes
tree=$(echo "$here"/kubernetes-*/)

# The vendored one crashes under Go 1.18 and later as soon as managed fields are written.
reflect2=github.com/modern-go/reflect2
rm -rf "$tree/vendor/$reflect2"
cp -rL "/usr/share/gocode/src/$reflect2" "$tree/vendor/$reflect2"

# With Debian's Go, and nothing that this user has set: another GOFLAGS or GOROOT would be heeded.
ln -s "${tree%/}" gopath/src/k8s.io/kubernetes
cd gopath/src/k8s.io/kubernetes
env -i PATH=/usr/bin:/bin HOME="$here/home" TMPDIR="$here/home" GOCACHE="$here/cache" \
    make WHAT=cmd/kube-apiserver GO111MODULE=off GOPATH="$here/gopath" GOLDFLAGS="-s -w"
find . -name kube-apiserver -type f -perm -1 -exec mv {} "$here/" \;
cd "$here"
chmod -R u+w gopath cache 2>/dev/null || :
rm -rf "$tree" gopath cache lists archives home
