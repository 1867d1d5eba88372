#!/usr/bin/env bash
# Sees to it that the right Deno, Bun and Node are there: uses those on the PATH where they have the
# version wanted, else installs them by npm into the folder $1. Prints exports for eval.
set -euo pipefail
DENO=2.9.6
BUN=1.4.5
NODE=22.23.3
dir="$(mkdir -p "$1" && cd "$1" && pwd)"

# install PACKAGE@VERSION: a folder of its own for each, so that one does not prune another
install() {
  local prefix="$dir/${1//\//_}"
  if [ ! -e "$prefix/done" ]; then
    mkdir -p "$prefix"
    echo '{"private":true}' >"$prefix/package.json"
    npm install --prefix "$prefix" --no-package-lock --no-audit --no-fund --loglevel=error "$1" >&2
    touch "$prefix/done"
  fi
  echo "$prefix/node_modules"
}

path=""
if [ "$(deno --version 2>/dev/null | sed -n 's/^deno \([0-9.]*\).*/\1/p')" != "$DENO" ]; then
  path="$path$(install "deno@$DENO")/.bin:"
fi
if [ "$(bun --version 2>/dev/null)" != "$BUN" ]; then
  path="$path$(install "bun@$BUN")/.bin:"
fi

# Node's own program for this machine, as npm's "node" package would fetch it, without its script
if [ -z "${REALMWAY_NODE:-}" ]; then
  case "$(node --version 2>/dev/null)" in
    v22.*) REALMWAY_NODE="$(command -v node)" ;;
    *)
      case "$(uname -m)" in
        x86_64) arch=x64 ;;
        aarch64 | arm64) arch=arm64 ;;
        *) echo "Cannot install Node: no build for $(uname -m)" >&2 && exit 1 ;;
      esac
      package="node-$(uname -s | tr '[:upper:]' '[:lower:]')-$arch"
      REALMWAY_NODE="$(install "$package@$NODE")/$package/bin/node"
      ;;
  esac
fi

PATH="$path$PATH"
found="$(deno --version | sed -n 's/^deno \([0-9.]*\).*/\1/p') $(bun --version)"
if [ "$found" != "$DENO $BUN" ]; then
  echo "Cannot use Deno and Bun: found $found, expected $DENO $BUN" >&2
  exit 1
fi
"$REALMWAY_NODE" --version >/dev/null
printf 'export PATH=%q\nexport REALMWAY_NODE=%q\n' "$PATH" "$REALMWAY_NODE"
