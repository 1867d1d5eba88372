#!/usr/bin/env bash
# Installs the foreign WAMP clients, and Crossbar.io, that tests/interop/ runs this router against, under the folder
# $REALMWAY_INTEROP (default .cache/interop), and prints the variables that the tests read:
#   eval "$(.ci/setup-interop.sh)" && deno task test:interop
# Needs python3, npm and go. What is installed already, at the versions wanted, stays.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
REALMWAY_INTEROP="${REALMWAY_INTEROP:-$root/.cache/interop}"
mkdir -p "$REALMWAY_INTEROP"
REALMWAY_INTEROP="$(cd "$REALMWAY_INTEROP" && pwd)"
peers="$root/tests/interop"

# Autobahn for Python
wanted="$peers/python/requirements.txt"
if ! cmp -s "$wanted" "$REALMWAY_INTEROP/python/requirements.txt"; then
  rm -rf "$REALMWAY_INTEROP/python"
  python3 -m venv "$REALMWAY_INTEROP/python" >&2
  "$REALMWAY_INTEROP/python/bin/pip" install --quiet -r "$wanted" >&2
  cp "$wanted" "$REALMWAY_INTEROP/python/requirements.txt"
fi
export REALMWAY_PYTHON="$REALMWAY_INTEROP/python/bin/python"

eval "$("$root/.ci/setup-crossbar.sh")"

# Node 22, Autobahn for JavaScript and wampy
eval "$("$root/.ci/tools.sh" "$root/.cache/tools")"
wanted="$peers/js/package.json"
if ! cmp -s "$wanted" "$REALMWAY_INTEROP/js/done"; then
  rm -rf "$REALMWAY_INTEROP/js"
  mkdir -p "$REALMWAY_INTEROP/js"
  cp "$wanted" "$REALMWAY_INTEROP/js/package.json"
  # They need Node 22 to run, not to be installed: npm itself may run on another one
  npm install --prefix "$REALMWAY_INTEROP/js" --no-package-lock --ignore-scripts --no-audit \
    --no-fund --loglevel=error >&2
  cp "$wanted" "$REALMWAY_INTEROP/js/done"
fi

# The clients of nexus and xconn: one Go module, compiled here once so that the tests find it in Go's cache
REALMWAY_GO="${REALMWAY_GO:-$(command -v go)}"
(
  cd "$peers/go"
  "$REALMWAY_GO" mod download >&2
  if compgen -G '*.go' >/dev/null || compgen -G '*/*.go' >/dev/null; then
    "$REALMWAY_GO" build -o "$REALMWAY_INTEROP/go/" ./... >&2
  fi
)

for name in REALMWAY_INTEROP REALMWAY_PYTHON REALMWAY_CROSSBAR REALMWAY_NODE REALMWAY_GO; do
  printf 'export %s=%q\n' "$name" "${!name}"
done
