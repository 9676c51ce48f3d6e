#!/usr/bin/env bash
# One command from a bare Debian 12 or 13 to answers: installs what is missing, builds, starts Daybook with
# its embedded log in ./daybook-data, loads the Northwind example, makes a generated company beside it, and
# shows what the two say.
#
#   deploy/dev/run.sh         build, serve, load once, show
#   deploy/dev/stop.sh        end the servers
#
# DAYBOOK_LISTEN is the address to serve Northwind on (127.0.0.1:8080), DAYBOOK_DATA the folder
# (./daybook-data). The generated company has the folder `generated` in it, and any free port.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=deploy/dev/servers.sh
source deploy/dev/servers.sh
listen=${DAYBOOK_LISTEN:-127.0.0.1:8080}
# shellcheck disable=SC2034  # For servers.sh.
listen_hint="DAYBOOK_LISTEN=127.0.0.1:8090 deploy/dev/run.sh"

# A company's year, told as it happened: for each event the log has the time when it would have come.
generate_company() {
  [ ! -d "$data/generated/log" ] || return 0
  # Whole or not at all.
  rm -rf "$data/generated.new"
  step "generating a company: 4,000 orders of 2024"
  "$daybook" generate --orders 4000 --from 2024-01-01 --to "$year_end" --data "$data/generated.new" \
    --recorded-as-told > /dev/null
  rm -rf "$data/generated"
  mv "$data/generated.new" "$data/generated"
}
year_end=2024-12-31

ensure_packages "${build_packages[@]}"
build daybook
serve "$data" "$daybook" up --data "$data" --listen "$listen" --config "$example/daybook.toml"
northwind=$url
load_northwind "$northwind" "$northwind"
generate_company
serve "$data/generated" "$daybook" up --data "$data/generated" --listen 127.0.0.1:0 --today "$year_end"
company=$url
step "ready"

deploy/dev/answers.sh "$daybook" "$northwind" "$company"
cat << END

The dashboard, in a browser: the generated company on $company/
                             Northwind's 1997 on $northwind/#/sales?from=1997-01-01&to=1997-12-31&level=1
Programs ask the same addresses (/openapi.json says what); deploy/dev/stop.sh stops both servers.
Ask more: build/release/bin/daybook query --help
END
