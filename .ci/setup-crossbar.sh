#!/usr/bin/env bash
# Installs Crossbar.io from PyPI under the folder $REALMWAY_INTEROP (default .cache/interop) and prints where it is:
#   eval "$(.ci/setup-crossbar.sh)" && deno task examples --crossbar
# Needs python3. One that $REALMWAY_CROSSBAR names is used as it is; what is installed already, at the versions wanted, stays.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
if [ ! -x "${REALMWAY_CROSSBAR:-}" ]; then
  REALMWAY_INTEROP="${REALMWAY_INTEROP:-$root/.cache/interop}"
  mkdir -p "$REALMWAY_INTEROP"
  folder="$(cd "$REALMWAY_INTEROP" && pwd)/crossbar"
  wanted="$root/tests/interop/python/crossbar.txt"
  # Two lanes of CI may want it at once
  exec 9>"$folder.lock"
  flock 9
  if ! cmp -s "$wanted" "$folder/crossbar.txt"; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2
    "$folder/bin/pip" install --quiet --no-deps -r "$wanted" >&2
    cp "$wanted" "$folder/crossbar.txt"
  fi
  flock -u 9
  REALMWAY_CROSSBAR="$folder/bin/crossbar"
fi
printf 'export REALMWAY_CROSSBAR=%q\n' "$REALMWAY_CROSSBAR"
