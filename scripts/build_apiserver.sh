#!/bin/sh
# build_apiserver.sh FOLDER: build FOLDER/kube-apiserver from Debian's source package `kubernetes`, with Debian's Go.
set -eu
mkdir -p "$1" && cd "$1"
here=$PWD
mkdir -p lists/partial gopath/src/k8s.io

# Where this machine gets its packages from, it gets their sources from, by a list that is ours alone.
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk -v suite="$suite" '$1 == "deb" { sub(/\[[^]]*\]/, ""); if ($3 == suite) print $2 }'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk -v suite="$suite" '/^URIs:/ { uri = $2 } /^Suites:/ && (" " $0 " ") ~ (" " suite " ") { print uri }'
)
mirror=$(echo "$mirror" | head -n 1)
[ -n "$mirror" ] || { echo "no source of packages for $suite in /etc/apt" >&2; exit 1; }
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >sources.list
apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$here/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$here/lists" -o APT::Sandbox::User=root "$@"
}
apt update
apt source kubernetes
tree=$(echo "$here"/kubernetes-*/)

# The vendored one crashes under Go 1.18 and later as soon as managed fields are written.
reflect2=github.com/modern-go/reflect2
rm -rf "$tree/vendor/$reflect2"
cp -rL "/usr/share/gocode/src/$reflect2" "$tree/vendor/$reflect2"

ln -s "${tree%/}" gopath/src/k8s.io/kubernetes
cd gopath/src/k8s.io/kubernetes
GOCACHE=$here/cache make WHAT=cmd/kube-apiserver GO111MODULE=off GOPATH="$here/gopath" GOLDFLAGS="-s -w"
find . -name kube-apiserver -type f -perm -1 -exec mv {} "$here/" \;
cd "$here"
chmod -R u+w gopath cache 2>/dev/null || :
rm -rf "$tree" gopath cache lists
