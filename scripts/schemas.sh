#!/bin/sh
# schemas.sh FOLDER: write the JSON Schemas of a spec and of a plan there, as the code has them.
set -eu
case $1 in /*) folder=$1 ;; *) folder=$PWD/$1 ;; esac
cd "$(dirname "$0")/.."
.venv/bin/python -m scripts.write_schemas "$folder"
