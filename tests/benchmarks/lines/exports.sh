# shellcheck shell=bash disable=SC2154
# All invoices of a long history as CSV and as a workbook: how long that takes, what it takes of memory above a server
# that has nothing to do, and how soon the work ends whose client has gone.
orders=$(orders_or 1000000)
start_with_history "$orders" "$work/data"
wait_indexes

mib_of() { awk -v what="$1:" '$1 == what { printf "%.1f", $2 / 1024 }' "/proc/$server/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }
# Until it does nothing more, within a tenth of a second or so.
wait_idle() {
  local before now
  now=$(ticks)
  until before=$now && sleep 0.1 && now=$(ticks) && [ $((now - before)) -le 1 ]; do :; done
}

for format in csv xlsx; do
  seconds=() above=()
  for _ in 1 2 3; do
    wait_idle
    sleep 3  # What an answer freed goes back to the system.
    idle=$(mib_of VmRSS)
    echo 5 > "/proc/$server/clear_refs"  # The most memory is that from here on.
    seconds+=("$(curl -fsS -o "$work/export" -w '%{time_total}' "$url/v1/invoices?format=$format")")
    above+=("$(awk -v most="$(mib_of VmHWM)" -v idle="$idle" 'BEGIN { printf "%.1f", most - idle }')")
  done
  [ "$format" != csv ] || rows=$(($(wc -l < "$work/export") - 1))
  echo "exports: $rows invoices as $format, s ${seconds[*]}, MiB above idle ${above[*]}"
  record "exports-$format" "$(IFS=,; echo "${seconds[*]}")"
  record "exports-$format-memory" "$(IFS=,; echo "${above[*]}")"
done

milliseconds=()
for format in csv xlsx csv xlsx; do
  curl -fsS -o /dev/null "$url/v1/invoices?format=$format" 2> /dev/null &
  measured=$!
  sleep 1
  kill "$measured" || fail "the export was over before its client went"
  wait "$measured" 2> /dev/null || true
  measured=
  began=${EPOCHREALTIME/./}
  wait_idle
  milliseconds+=($(((${EPOCHREALTIME/./} - began) / 1000)))
done
echo "exports: nothing more is done after a client went, ms ${milliseconds[*]}"
record exports-given-up "$(IFS=,; echo "${milliseconds[*]}")"
stop_server
