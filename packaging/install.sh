#!/usr/bin/env bash
# Install this checkout for use (in a pipeline, say), not for work on it, into a virtual environment:
#   packaging/install.sh VENV [postgres]
# Promise: exactly what this commit's locks name, each package by its hash; the collection commsroom.core
# is this checkout. Run again with the same commit it returns at once. Needs python3 with venv, nothing else.
set -euo pipefail
venv=$(realpath -m -- "${1:?packaging/install.sh VENV [postgres]}")
extra=${2:-}
[[ -z $extra || $extra == postgres ]] || { echo "install: there is no extra '$extra': postgres" >&2; exit 1; }
cd "$(dirname "$0")/.."

wanted=$({ pwd; printf '%s\n' "$venv" "$extra"; git rev-parse HEAD; cat requirements.lock; } | sha256sum)
stamp=$venv/.commsroom-installed
[[ -f $stamp && $(<"$stamp") == "$wanted" ]] && exit 0

rm -rf -- "$venv"
python3 -m venv "$venv"
pip=("$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes)
"${pip[@]}" -r requirements.lock
# What builds the package itself, and the driver of PostgreSQL, have their hashes in the other lock.
also='hatchling|packaging|pathspec|pluggy|trove-classifiers'
[[ $extra != postgres ]] || also+='|psycopg|psycopg-binary|typing-extensions'
awk -v names="^($also)==" '/^[^ ]/ {on = $0 ~ names} on' requirements-dev.lock >"$venv/also.lock"
"${pip[@]}" -r "$venv/also.lock"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation .
for packages in "$venv"/lib/python3.*/site-packages; do
  mkdir -p "$packages/ansible_collections/commsroom"
  ln -sfn "$PWD" "$packages/ansible_collections/commsroom/core"
done
printf '%s\n' "$wanted" >"$stamp"
