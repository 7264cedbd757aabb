#!/bin/sh
# schemas.sh FOLDER: write the JSON Schemas of a spec and of a plan there, as the code has them.
set -eu
folder=$1
python=$(dirname "$0")/../.venv/bin/python
mkdir -p "$folder"
for room in site plan; do
    schema=$("$python" -m "vddkctl.$room.schema")
    printf '%s\n' "$schema" >"$folder/$room.schema.json"
done
