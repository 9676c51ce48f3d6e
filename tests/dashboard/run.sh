#!/usr/bin/env bash
# Looks at the dashboard in a real browser: run.sh FOLDER, where what the tests need from npm is installed.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1/work
mkdir -p "$work"
# Installed anew where what is asked for has changed.
if ! cmp --silent "$source/package-lock.json" "$work/package-lock.json" || [ ! -d "$work/node_modules" ]; then
  cp "$source/package.json" "$source/.npmrc" "$work"
  cp "$source/package-lock.json" "$work/package-lock.json"
  npm ci --ignore-scripts --no-progress --prefer-offline --loglevel=error --prefix "$work"
fi
cp "$source"/*.mjs "$work"
cd "$work"
exec node --test browser.test.mjs
