# shellcheck shell=bash
# From the start of a server that was killed while events arrived to its being ready with a first answer.
orders=$(orders_or 100000)
"$daybook" generate --from 2020-01-01 --orders "$orders" --customers "$(customers_for "$orders")" \
  --data "$work/data" > /dev/null
start_server --data "$work/data"
wait_ready
milliseconds=()
for _ in 1 2 3; do
  "$bench" feed --url "$url" --seconds 5 > "$work/feed" 2>&1 &
  feeder=$!
  others=("$feeder")
  until grep -q feeding "$work/feed"; do sleep 0.05; done
  sleep 3
  kill -9 "$server"
  wait "$server" 2> /dev/null || true
  wait "$feeder" 2> /dev/null || true
  others=()
  began=${EPOCHREALTIME/./}
  start_server --data "$work/data"
  wait_ready 0.005
  curl -fsS "$url/v1/receivables/ageing?group_by=none" > "$work/answer"
  milliseconds+=($(((${EPOCHREALTIME/./} - began) / 1000)))
  grep -q '"gross_open"' "$work/answer" || fail "no answer"
done
echo "state, MiB                    $(du -sm "$work/data/shards" | cut -f1)"
echo "ready and answered, ms        ${milliseconds[*]}"
record restart "$(IFS=,; echo "${milliseconds[*]}")"
stop_server
