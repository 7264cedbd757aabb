#!/bin/sh
# Every check that runs no test. Goes on after a failure, so that one run shows all there is to mend.
set -u
cd "$(dirname "$0")/.." || exit
PATH=$PWD/.venv/bin:$PATH
failed=

# check WHAT COMMAND...: quiet when all is well.
check() {
    what=$1
    shift
    if output=$("$@" 2>&1); then
        echo "lint: $what"
    else
        echo "lint: $what: failed"
        printf '%s\n' "$output"
        failed="$failed, $what"
    fi
}

schemas_up_to_date() {
    fresh=$(mktemp -d) || return
    scripts/schemas.sh "$fresh" && diff -ru schemas "$fresh"
    result=$?
    rm -rf "$fresh"
    [ "$result" = 0 ] || echo "make schemas writes them anew"
    return "$result"
}

check "ruff: mistakes and style" ruff check
check "ruff: layout of the code" ruff format --check
check "mypy: types" mypy
check "lint-imports: the layers hold" lint-imports
check "schemas: as the code has them" schemas_up_to_date

[ -z "$failed" ] || { echo "lint: failed: ${failed#, }" >&2; exit 1; }
